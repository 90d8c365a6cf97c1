package logs

import "github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"

// ProwJob is the run as prowjob.json holds it: an object that encodes to a ProwJob of prow.k8s.io/v1, as far as a PipelineJob
// maps onto one. It shares what it holds with the run.
func ProwJob(job *v1alpha1.PipelineJob) any { return prowJobRecord(job, nil) }

// RefsText is a repository with what is tested of it in Prow's notation: "main:abc,7:def".
func RefsText(r v1alpha1.Refs) string { return refsText(r) }
