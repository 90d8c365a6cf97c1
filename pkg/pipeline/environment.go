package pipeline

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

// variable is one entry of the job environment, as the program in the pod will see it.
type variable struct{ name, value string }

// jobSpec is the JSON in JOB_SPEC; its names are a public contract of Prow.
type jobSpec struct {
	Type      v1alpha1.JobType `json:"type,omitempty"`
	Job       string           `json:"job,omitempty"`
	BuildID   string           `json:"buildid,omitempty"`
	ProwJobID string           `json:"prowjobid,omitempty"`
	Refs      *v1alpha1.Refs   `json:"refs,omitempty"`
	ExtraRefs []v1alpha1.Refs  `json:"extra_refs,omitempty"`

	DecorationConfig *v1alpha1.Decoration `json:"decoration_config,omitempty"`
}

// jobEnvironment is Prow's job environment in a fixed order.
func jobEnvironment(pj *v1alpha1.PipelineJob) ([]variable, error) {
	s := &pj.Spec
	raw, err := json.Marshal(jobSpec{Type: s.Type, Job: s.Job, BuildID: s.BuildID, ProwJobID: pj.Name, Refs: s.Refs, ExtraRefs: s.ExtraRefs,
		DecorationConfig: s.DecorationConfig})
	if err != nil {
		return nil, fmt.Errorf("encode JOB_SPEC: %w", err)
	}
	env := []variable{
		{"CI", "true"},
		{"JOB_NAME", s.Job},
		{"JOB_TYPE", string(s.Type)},
		{"JOB_SPEC", plainJSON(raw)},
		{"PROW_JOB_ID", pj.Name},
		{"BUILD_ID", s.BuildID},
	}
	if s.Agent == v1alpha1.AgentKubernetes {
		env = append(env, variable{"BUILD_NUMBER", s.BuildID})
	}
	if s.Refs == nil || s.Type == v1alpha1.Periodic {
		return env, nil
	}
	env = append(env, refsEnvironment(*s.Refs)...)
	if s.Type != v1alpha1.Presubmit || len(s.Refs.Pulls) == 0 {
		return env, nil
	}
	pull := s.Refs.Pulls[0]
	return append(env,
		variable{"PULL_NUMBER", strconv.Itoa(pull.Number)},
		variable{"PULL_PULL_SHA", pull.SHA},
		variable{"PULL_HEAD_REF", pull.HeadRef},
		variable{"PULL_TITLE", pull.Title}), nil
}

func refsEnvironment(refs v1alpha1.Refs) []variable {
	host, base, _ := strings.Cut(git.CheckoutPath(refs), "/")
	return []variable{
		{"REPO_OWNER", refs.Org},
		{"REPO_NAME", refs.Repo},
		{"SRC_HOST", host},
		{"SRC_BASE", base},
		{"PULL_BASE_REF", refs.BaseRef},
		{"PULL_BASE_SHA", refs.BaseSHA},
		{"PULL_REFS", pullRefs(refs)},
	}
}

// pullRefs is Prow's one-line form: base:sha,number:sha[:ref],...
func pullRefs(refs v1alpha1.Refs) string {
	parts := []string{refs.BaseRef}
	if refs.BaseSHA != "" {
		parts[0] += ":" + refs.BaseSHA
	}
	for _, p := range refs.Pulls {
		part := strconv.Itoa(p.Number) + ":" + p.SHA
		if p.Ref != "" {
			part += ":" + p.Ref
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// stepEnv is the environment for a pod, written so that neither Tekton nor the kubelet finds variables in values that
// people on the forge chose, such as a pull request's title.
func stepEnv(env []variable) []corev1.EnvVar {
	out := make([]corev1.EnvVar, 0, len(env))
	for _, v := range env {
		out = append(out, corev1.EnvVar{Name: v.name, Value: literal(v.value)})
	}
	return out
}

// params is the environment as Tekton parameters, for the names that the user does not set. Unused ones do no harm: Tekton
// ignores parameters that a pipeline does not declare.
func params(env []variable, spec *tektonv1.PipelineRunSpec) tektonv1.Params {
	taken := map[string]bool{}
	for _, p := range spec.Params {
		taken[p.Name] = true
	}
	if spec.PipelineSpec != nil {
		for _, p := range spec.PipelineSpec.Params {
			// An empty type is a string, unless the default says otherwise.
			if p.Type != "" && p.Type != tektonv1.ParamTypeString || p.Default != nil && p.Default.Type != tektonv1.ParamTypeString {
				taken[p.Name] = true
			}
		}
	}
	var out tektonv1.Params
	for _, v := range env {
		if !taken[v.name] {
			out = append(out, tektonv1.Param{Name: v.name, Value: *tektonv1.NewStructuredValues(paramValue(v.value))})
		}
	}
	return out
}
