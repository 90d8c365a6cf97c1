package archive

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// prowJob is prowjob.json, as far as a PipelineJob has a place for it.
type prowJob struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Type           v1alpha1.JobType `json:"type"`
		Agent          v1alpha1.Agent   `json:"agent"`
		Namespace      string           `json:"namespace"`
		Job            string           `json:"job"`
		Refs           *v1alpha1.Refs   `json:"refs"`
		ExtraRefs      []v1alpha1.Refs  `json:"extra_refs"`
		Report         bool             `json:"report"`
		Context        string           `json:"context"`
		RerunCommand   string           `json:"rerun_command"`
		MaxConcurrency int32            `json:"max_concurrency"`
		// The specs are shown to people only, so one that cannot be read is left out.
		PodSpec     json.RawMessage            `json:"pod_spec"`
		PipelineRun map[string]json.RawMessage `json:"tekton_pipeline_run_spec"`
	} `json:"spec"`
	Status struct {
		StartTime      *metav1.Time      `json:"startTime"`
		PendingTime    *metav1.Time      `json:"pendingTime"`
		CompletionTime *metav1.Time      `json:"completionTime"`
		State          v1alpha1.JobState `json:"state"`
		Description    string            `json:"description"`
		URL            string            `json:"url"`
		BuildID        string            `json:"build_id"`
	} `json:"status"`
}

func (p *prowJob) pipelineJob() *v1alpha1.PipelineJob {
	meta, spec, status := &p.Metadata, &p.Spec, &p.Status
	job := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{
			Name: meta.Name, Namespace: meta.Namespace, UID: meta.UID, CreationTimestamp: meta.CreationTimestamp,
			Labels: meta.Labels, Annotations: meta.Annotations,
		},
		Spec: v1alpha1.PipelineJobSpec{
			Type: spec.Type, Agent: spec.Agent, Namespace: spec.Namespace, Job: spec.Job, BuildID: status.BuildID,
			Refs: spec.Refs, ExtraRefs: spec.ExtraRefs, Report: spec.Report, Context: spec.Context,
			RerunCommand: spec.RerunCommand, MaxConcurrency: spec.MaxConcurrency,
		},
		Status: v1alpha1.PipelineJobStatus{
			State: status.State, Description: status.Description, URL: status.URL, StartTime: status.StartTime,
			PendingTime: status.PendingTime, CompletionTime: status.CompletionTime,
		},
	}
	var pod corev1.PodSpec
	if len(spec.PodSpec) > 0 && json.Unmarshal(spec.PodSpec, &pod) == nil {
		job.Spec.PodSpec = &pod
	}
	if raw := spec.PipelineRun["v1"]; len(raw) > 0 {
		job.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: raw}
	}
	return job
}

// fromStarted makes a run of its folder and started.json alone. Without that file only the path of a presubmit tells which
// repository it tested, and with it who may see it.
func (r reader) fromStarted(layout logs.Layout, started logs.Started) (*v1alpha1.PipelineJob, error) {
	job := &v1alpha1.PipelineJob{Spec: v1alpha1.PipelineJobSpec{Type: r.run.Type, Agent: v1alpha1.AgentKubernetes}}
	job.Status.State = v1alpha1.StatePending
	if started.Timestamp > 0 {
		began := metav1.Time{Time: time.Unix(started.Timestamp, 0).UTC()}
		job.CreationTimestamp, job.Status.StartTime, job.Status.PendingTime = began, &began, &began
	}
	for _, name := range slices.Sorted(maps.Keys(started.Repos)) {
		refs, err := parseRefs(name, started.Repos[name])
		if err != nil {
			return nil, err
		}
		if job.Spec.Refs == nil && (r.run.Pull == 0 || hasPull(refs, r.run.Pull)) {
			job.Spec.Refs = &refs
			continue
		}
		job.Spec.ExtraRefs = append(job.Spec.ExtraRefs, refs)
	}
	switch {
	case job.Spec.Refs != nil:
	case r.run.Type == v1alpha1.Presubmit:
		org, repo, known := repoOf(layout, r.run.RepoSegment)
		if !known {
			return nil, ErrNoRecord
		}
		job.Spec.Refs = &v1alpha1.Refs{Org: org, Repo: repo, Pulls: []v1alpha1.Pull{{Number: r.run.Pull}}}
	case r.run.Type == v1alpha1.Batch || len(job.Spec.ExtraRefs) > 0:
		return nil, ErrNoRecord
	}
	if job.Spec.Type == "" {
		job.Spec.Type = v1alpha1.Periodic
		if job.Spec.Refs != nil {
			job.Spec.Type = v1alpha1.Postsubmit
		}
	}
	return job, nil
}

func hasPull(refs v1alpha1.Refs, number int) bool {
	return slices.ContainsFunc(refs.Pulls, func(p v1alpha1.Pull) bool { return p.Number == number })
}

// parseRefs reads Prow's notation "main:abc,7:def" for a repository "org/name".
func parseRefs(name, text string) (v1alpha1.Refs, error) {
	i := strings.LastIndexByte(name, '/')
	if i <= 0 || i == len(name)-1 {
		return v1alpha1.Refs{}, fmt.Errorf("%w %s: repository %q", ErrUnreadable, logs.StartedFile, name)
	}
	refs := v1alpha1.Refs{Org: name[:i], Repo: name[i+1:]}
	parts := strings.Split(text, ",")
	refs.BaseRef, refs.BaseSHA, _ = strings.Cut(parts[0], ":")
	for _, part := range parts[1:] {
		fields := strings.SplitN(part, ":", 3)
		number, err := strconv.Atoi(fields[0])
		if err != nil || len(fields) < 2 {
			return v1alpha1.Refs{}, fmt.Errorf("%w %s: pull request %q", ErrUnreadable, logs.StartedFile, part)
		}
		pull := v1alpha1.Pull{Number: number, SHA: fields[1]}
		if len(fields) > 2 {
			pull.Ref = fields[2]
		}
		refs.Pulls = append(refs.Pulls, pull)
	}
	return refs, nil
}

// repoOf reads a segment of [logs.Layout.RepoSegment]: org_name, where "!" stands for "/" in the org and "!_" for "_".
func repoOf(layout logs.Layout, segment string) (org, repo string, known bool) {
	if segment == "" {
		return layout.DefaultOrg, layout.DefaultRepo, layout.DefaultRepo != ""
	}
	for i := range len(segment) {
		if segment[i] == '_' && (i == 0 || segment[i-1] != '!') {
			org = strings.NewReplacer("!_", "_", "!", "/").Replace(segment[:i])
			return unescape(org), unescape(segment[i+1:]), i > 0 && i < len(segment)-1
		}
	}
	return layout.DefaultOrg, unescape(segment), layout.Strategy == logs.Legacy && layout.DefaultOrg != ""
}
