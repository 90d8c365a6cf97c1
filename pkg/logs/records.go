package logs

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Started is started.json, as TestGrid and Spyglass read it.
type Started struct {
	Timestamp int64 `json:"timestamp"`
	// Pull is the number of the pull request, for presubmits.
	Pull string `json:"pull,omitempty"`
	// Repos maps org/repo to the base and pulls that were checked out: "main:abc,7:def".
	Repos      map[string]string `json:"repos,omitempty"`
	RepoCommit string            `json:"repo-commit,omitempty"`
	Metadata   map[string]any    `json:"metadata,omitempty"`
}

// Finished is finished.json; its presence says that the run's folder is complete.
type Finished struct {
	Timestamp int64 `json:"timestamp"`
	Passed    bool  `json:"passed"`
	// Result is SUCCESS, FAILURE or ABORTED.
	Result   string         `json:"result"`
	Revision string         `json:"revision,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

func startedRecord(job *v1alpha1.PipelineJob) Started {
	s := Started{Timestamp: startTime(job).Unix(), RepoCommit: revision(job), Metadata: identity(job)}
	if isPull(job) {
		s.Pull = strconv.Itoa(job.Spec.Refs.Pulls[0].Number)
	}
	refs := job.Spec.ExtraRefs
	if job.Spec.Refs != nil {
		refs = append([]v1alpha1.Refs{*job.Spec.Refs}, refs...)
	}
	for _, r := range refs {
		if s.Repos == nil {
			s.Repos = make(map[string]string, len(refs))
		}
		s.Repos[r.Org+"/"+r.Repo] = refsText(r)
	}
	return s
}

func startTime(job *v1alpha1.PipelineJob) metav1.Time {
	for _, t := range []*metav1.Time{job.Status.PendingTime, job.Status.StartTime} {
		if t != nil {
			return *t
		}
	}
	return job.CreationTimestamp
}

// refsText is Prow's notation: "main:abc,7:def".
func refsText(r v1alpha1.Refs) string {
	parts := []string{r.BaseRef}
	if r.BaseSHA != "" {
		parts[0] += ":" + r.BaseSHA
	}
	for _, p := range r.Pulls {
		part := fmt.Sprintf("%d:%s", p.Number, p.SHA)
		if p.Ref != "" {
			part += ":" + p.Ref
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// revision is the head of the first pull, else the base.
func revision(job *v1alpha1.PipelineJob) string {
	refs := job.Spec.Refs
	if refs == nil && len(job.Spec.ExtraRefs) > 0 {
		refs = &job.Spec.ExtraRefs[0]
	}
	switch {
	case refs == nil:
		return ""
	case len(refs.Pulls) > 0:
		return refs.Pulls[0].SHA
	default:
		return cmp.Or(refs.BaseSHA, refs.BaseRef)
	}
}

func identity(job *v1alpha1.PipelineJob) map[string]any {
	return map[string]any{"pipelineJob": job.Namespace + "/" + job.Name, "connection": job.Spec.Connection}
}

func finishedRecord(job *v1alpha1.PipelineJob, steps []StepInfo) Finished {
	f := Finished{Timestamp: time.Now().Unix(), Result: "FAILURE", Revision: revision(job), Metadata: identity(job)}
	if job.Status.CompletionTime != nil {
		f.Timestamp = job.Status.CompletionTime.Unix()
	}
	switch state := job.Status.State; {
	case state == v1alpha1.StateSuccess:
		f.Passed, f.Result = true, "SUCCESS"
	case state == v1alpha1.StateAborted || !state.Terminal(): // not terminal: deleted while it ran
		f.Result = "ABORTED"
	}
	f.Metadata["state"] = string(job.Status.State)
	if job.Status.Description != "" {
		f.Metadata["description"] = job.Status.Description
	}
	for _, s := range steps {
		if s.Incomplete != "" {
			f.Metadata["incomplete-logs"] = "true" // as Prow's, all values are strings
		}
	}
	return f
}

// prowJob is a ProwJob of prow.k8s.io/v1, as far as a PipelineJob maps onto one.
type prowJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              prowJobSpec   `json:"spec"`
	Status            prowJobStatus `json:"status"`
}

type prowJobSpec struct {
	Type           v1alpha1.JobType                 `json:"type,omitempty"`
	Agent          v1alpha1.Agent                   `json:"agent,omitempty"`
	Cluster        string                           `json:"cluster,omitempty"`
	Namespace      string                           `json:"namespace,omitempty"`
	Job            string                           `json:"job,omitempty"`
	Refs           *v1alpha1.Refs                   `json:"refs,omitempty"`
	ExtraRefs      []v1alpha1.Refs                  `json:"extra_refs,omitempty"`
	Report         bool                             `json:"report,omitempty"`
	Context        string                           `json:"context,omitempty"`
	RerunCommand   string                           `json:"rerun_command,omitempty"`
	MaxConcurrency int32                            `json:"max_concurrency,omitempty"`
	PodSpec        *corev1.PodSpec                  `json:"pod_spec,omitempty"`
	PipelineRun    map[string]*runtime.RawExtension `json:"tekton_pipeline_run_spec,omitempty"`
}

type prowJobStatus struct {
	StartTime      *metav1.Time      `json:"startTime,omitempty"`
	PendingTime    *metav1.Time      `json:"pendingTime,omitempty"`
	CompletionTime *metav1.Time      `json:"completionTime,omitempty"`
	State          v1alpha1.JobState `json:"state,omitempty"`
	Description    string            `json:"description,omitempty"`
	URL            string            `json:"url,omitempty"`
	PodName        string            `json:"pod_name,omitempty"`
	BuildID        string            `json:"build_id,omitempty"`
}

// prowCluster is the name Prow has for the cluster it runs in.
const prowCluster = "default"

func prowJobRecord(job *v1alpha1.PipelineJob, steps []StepInfo) prowJob {
	spec, status := &job.Spec, &job.Status
	p := prowJob{
		TypeMeta: metav1.TypeMeta{Kind: "ProwJob", APIVersion: "prow.k8s.io/v1"},
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Name, Namespace: job.Namespace, UID: job.UID, CreationTimestamp: job.CreationTimestamp,
			Labels: job.Labels, Annotations: job.Annotations,
		},
		Spec: prowJobSpec{
			Type: spec.Type, Agent: spec.Agent, Cluster: prowCluster, Namespace: cmp.Or(spec.Namespace, job.Namespace),
			Job: spec.Job, Refs: spec.Refs, ExtraRefs: spec.ExtraRefs, Report: spec.Report, Context: spec.Context,
			RerunCommand: spec.RerunCommand, MaxConcurrency: spec.MaxConcurrency, PodSpec: spec.PodSpec,
		},
		Status: prowJobStatus{
			StartTime: status.StartTime, PendingTime: status.PendingTime, CompletionTime: status.CompletionTime,
			State: cmp.Or(status.State, v1alpha1.StateTriggered), Description: status.Description, URL: status.URL,
			BuildID: spec.BuildID,
		},
	}
	if spec.PipelineRunSpec != nil {
		p.Spec.PipelineRun = map[string]*runtime.RawExtension{"v1": spec.PipelineRunSpec}
	}
	if len(steps) > 0 {
		p.Status.PodName = steps[0].Container.Pod
	}
	return p
}

// putStart writes the records of a run that begins; started.json comes last and says that the others are there.
func putStart(ctx context.Context, store storage.Store, layout Layout, job *v1alpha1.PipelineJob) error {
	run := layout.Run(job)
	if err := putJSON(ctx, store, path.Join(run, JobFile), prowJobRecord(job, nil)); err != nil {
		return err
	}
	if err := putJSON(ctx, store, path.Join(run, PipelineJobFile), pipelineJobRecord(job)); err != nil {
		return err
	}
	if key := layout.Directory(job); key != "" {
		text := strings.TrimSuffix(store.URL(), "/") + "/" + run
		if err := store.Put(ctx, key, strings.NewReader(text), textOptions); err != nil {
			return err
		}
	}
	for _, key := range layout.Latest(job) {
		if err := putLatest(ctx, store, key, job.Spec.BuildID); err != nil {
			return err
		}
	}
	return putJSON(ctx, store, path.Join(run, StartedFile), startedRecord(job))
}
