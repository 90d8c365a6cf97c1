package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// DefaultTimeout ends runs of jobs that name no timeout, as Prow's default_job_timeout does.
const DefaultTimeout = 24 * time.Hour

// Annotations of a PipelineRun.
const (
	// AnnotationURL is the run's page on the dashboard.
	AnnotationURL = "pharos-ci.dev/url"
	// AnnotationJobNamespace and AnnotationJobUID name the PipelineJob on runs in another namespace, where no owner
	// reference can.
	AnnotationJobNamespace = "pharos-ci.dev/job-namespace"
	AnnotationJobUID       = "pharos-ci.dev/job-uid"
	// AnnotationUnsupported lists the PodSpec fields that have no place in a Tekton task and were left out.
	AnnotationUnsupported = "pharos-ci.dev/unsupported-fields"
)

// Options are the install's part of a PipelineRun.
type Options struct {
	// Image of Pharos, for the clone step. Decorated jobs need it.
	Image string
	// ArtifactsURL is where pods reach the door of package artifacts; empty means that nothing is uploaded.
	ArtifactsURL string
	// DashboardURL is the run's page, kept as an annotation for people who look at the PipelineRun; empty leaves it out.
	DashboardURL string
	// FeatureFlags is the data of the cluster's feature-flags ConfigMap, which decides what Tekton accepts; nil means
	// Tekton's defaults.
	FeatureFlags map[string]string
}

// Build gives the PipelineRun for a job: its name is the job's, so building twice cannot run twice. Every error is
// permanent: trying again with the same job gives it again.
func Build(pj *v1alpha1.PipelineJob, opts Options) (*tektonv1.PipelineRun, error) {
	env, err := jobEnvironment(pj)
	if err != nil {
		return nil, err
	}
	b := builder{job: pj, opts: opts, env: env, decoration: decorationOf(pj)}
	spec, err := b.spec()
	if err != nil {
		return nil, err
	}
	run := &tektonv1.PipelineRun{
		TypeMeta: metav1.TypeMeta{APIVersion: tektonv1.SchemeGroupVersion.String(), Kind: "PipelineRun"},
		ObjectMeta: metav1.ObjectMeta{
			Name:        pj.Name,
			Namespace:   Namespace(pj),
			Labels:      labels(pj),
			Annotations: annotations(pj, opts),
		},
		Spec: *spec,
	}
	if run.Namespace == pj.Namespace {
		run.OwnerReferences = []metav1.OwnerReference{ownerReference(pj)}
	}
	return run, validate(run, opts)
}

// Namespace is where the job's PipelineRun runs.
func Namespace(pj *v1alpha1.PipelineJob) string {
	if pj.Spec.Namespace != "" {
		return pj.Spec.Namespace
	}
	return pj.Namespace
}

// builder holds what every part of one PipelineRun needs.
type builder struct {
	job  *v1alpha1.PipelineJob
	opts Options
	env  []variable
	// decoration is never nil; it has no meaning for a job that is not decorated.
	decoration *v1alpha1.Decoration
}

var errNoImage = errors.New("no Pharos image is configured for the clone step")

func (b *builder) spec() (*tektonv1.PipelineRunSpec, error) {
	if b.job.Spec.Decorate && b.opts.Image == "" {
		return nil, errNoImage
	}
	var spec *tektonv1.PipelineRunSpec
	var err error
	switch b.job.Spec.Agent {
	case v1alpha1.AgentKubernetes:
		spec, err = b.fromPodSpec()
	case v1alpha1.AgentTekton:
		spec, err = b.fromPipelineRunSpec()
	default:
		err = fmt.Errorf("agent %q is not supported", b.job.Spec.Agent)
	}
	if err != nil {
		return nil, err
	}
	b.setTimeout(spec)
	return spec, nil
}

func (b *builder) setTimeout(spec *tektonv1.PipelineRunSpec) {
	if spec.Timeouts == nil {
		spec.Timeouts = &tektonv1.TimeoutFields{}
	}
	if spec.Timeouts.Pipeline != nil {
		return
	}
	spec.Timeouts.Pipeline = &metav1.Duration{Duration: DefaultTimeout}
	if b.supervised() {
		spec.Timeouts.Pipeline.Duration = b.podTime()
		return
	}
	if t := b.job.Spec.Timeout; t != nil && t.Duration > 0 { // Tekton reads zero as no limit at all
		spec.Timeouts.Pipeline = b.job.Spec.Timeout.DeepCopy()
	}
}

func ownerReference(pj *v1alpha1.PipelineJob) metav1.OwnerReference {
	yes, no := true, false
	return metav1.OwnerReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: "PipelineJob",
		Name: pj.Name, UID: pj.UID, Controller: &yes, BlockOwnerDeletion: &no}
}

// labels are the job's own and, where those are silent, the public ones of Pharos and Prow. Tekton copies them to TaskRuns
// and pods, which is how informers and log shippers find them.
func labels(pj *v1alpha1.PipelineJob) map[string]string {
	s := &pj.Spec
	out := map[string]string{
		v1alpha1.LabelJob: s.Job, v1alpha1.LabelProwJob: s.Job,
		v1alpha1.LabelType: string(s.Type), v1alpha1.LabelProwType: string(s.Type),
		v1alpha1.LabelBuildID: s.BuildID, v1alpha1.LabelProwBuildID: s.BuildID,
		v1alpha1.LabelProwID: pj.Name, v1alpha1.LabelProwContext: s.Context,
		"created-by-prow": "true",
	}
	if refs := mainRefs(pj); refs != nil {
		out[v1alpha1.LabelOrg], out[v1alpha1.LabelProwOrg] = refs.Org, refs.Org
		out[v1alpha1.LabelRepo], out[v1alpha1.LabelProwRepo] = refs.Repo, refs.Repo
		out["prow.k8s.io/refs.base_ref"] = refs.BaseRef
		if len(refs.Pulls) > 0 {
			number := strconv.Itoa(refs.Pulls[0].Number)
			out[v1alpha1.LabelPull], out[v1alpha1.LabelProwPull] = number, number
		}
	}
	for key, value := range out {
		if out[key] = labelValue(value); out[key] == "" {
			delete(out, key)
		}
	}
	maps.Copy(out, pj.Labels)
	out[v1alpha1.LabelManaged] = "true"
	return out
}

func mainRefs(pj *v1alpha1.PipelineJob) *v1alpha1.Refs {
	if pj.Spec.Refs != nil {
		return pj.Spec.Refs
	}
	if len(pj.Spec.ExtraRefs) > 0 {
		return &pj.Spec.ExtraRefs[0]
	}
	return nil
}

var notInLabels = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// labelValue cuts a value to what a label may hold.
func labelValue(value string) string {
	value = notInLabels.ReplaceAllString(value, "-")
	if len(value) > 63 {
		value = value[:63]
	}
	return strings.Trim(value, "._-")
}

func annotations(pj *v1alpha1.PipelineJob, opts Options) map[string]string {
	out := map[string]string{}
	for key, value := range pj.Annotations {
		// The first belongs to whoever applied the PipelineJob, the second to Tekton's signer.
		if !strings.HasPrefix(key, "kubectl.kubernetes.io/") && !strings.HasPrefix(key, "chains.tekton.dev/") {
			out[key] = value
		}
	}
	out[v1alpha1.AnnotationJob] = pj.Spec.Job
	if pj.Spec.Context != "" {
		out[v1alpha1.AnnotationContext] = pj.Spec.Context
	}
	if opts.DashboardURL != "" {
		out[AnnotationURL] = opts.DashboardURL
	}
	if Namespace(pj) != pj.Namespace {
		out[AnnotationJobNamespace], out[AnnotationJobUID] = pj.Namespace, string(pj.UID)
	}
	if fields := Unsupported(pj); len(fields) > 0 {
		out[AnnotationUnsupported] = strings.Join(fields, ", ")
	}
	return out
}
