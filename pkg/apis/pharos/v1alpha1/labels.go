package v1alpha1

// Labels and annotations that Pharos sets on PipelineJobs and PipelineRuns. Label values are cut to what Kubernetes
// allows and serve selection only: whoever needs the true value reads the typed spec.
const (
	// LabelManaged marks every object that Pharos made; its informers select by it.
	LabelManaged = "pharos-ci.dev/managed"
	// LabelSubject is a hash of the ordering key, on deliveries; LabelAbout of the commit or comment that one told of.
	LabelAbout   = "pharos-ci.dev/about"
	LabelSubject = "pharos-ci.dev/subject"
	// LabelJob, LabelType, LabelOrg, LabelRepo, LabelPull and LabelBuildID describe a run.
	LabelJob     = "pharos-ci.dev/job"
	LabelType    = "pharos-ci.dev/type"
	LabelOrg     = "pharos-ci.dev/org"
	LabelRepo    = "pharos-ci.dev/repo"
	LabelPull    = "pharos-ci.dev/pull"
	LabelBuildID = "pharos-ci.dev/build-id"
	// Prow's public names, kept because dashboards and scripts select by them.
	LabelProwJob     = "prow.k8s.io/job"
	LabelProwID      = "prow.k8s.io/id"
	LabelProwType    = "prow.k8s.io/type"
	LabelProwContext = "prow.k8s.io/context"
	LabelProwOrg     = "prow.k8s.io/refs.org"
	LabelProwRepo    = "prow.k8s.io/refs.repo"
	LabelProwPull    = "prow.k8s.io/refs.pull"
	LabelProwBuildID = "prow.k8s.io/build-id"
	// AnnotationJob and AnnotationContext hold the values that labels may have cut.
	AnnotationJob     = "prow.k8s.io/job"
	AnnotationContext = "prow.k8s.io/context"
	// FinalizerLogs holds a PipelineJob until its log is archived.
	FinalizerLogs = "pharos-ci.dev/logs"
)
