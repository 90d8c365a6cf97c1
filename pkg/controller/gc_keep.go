package controller

import (
	"slices"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// annotationKeepRuns is how many finished runs of a job keep their PipelineRun whatever their age, as Pipelines-as-Code
// names it. The records and logs of the others stay as long as any.
const annotationKeepRuns = "pipelinesascode.tekton.dev/max-keep-runs"

// surplus names the finished runs that are more than their jobs want to keep. The newest run of a job says how many.
func surplus(all []v1alpha1.PipelineJob) map[string]bool {
	type key struct{ connection, org, repo, job, kind string }
	byJob := map[key][]*v1alpha1.PipelineJob{}
	for i := range all {
		pj := &all[i]
		if pj.Annotations[annotationKeepRuns] == "" || pj.Spec.Refs == nil || !pj.Status.State.Terminal() || pj.Status.CompletionTime == nil {
			continue
		}
		k := key{pj.Spec.Connection, pj.Spec.Refs.Org, pj.Spec.Refs.Repo, pj.Spec.Job, string(pj.Spec.Type)}
		byJob[k] = append(byJob[k], pj)
	}
	names := map[string]bool{}
	for _, runs := range byJob {
		slices.SortFunc(runs, func(a, b *v1alpha1.PipelineJob) int {
			return b.Status.CompletionTime.Compare(a.Status.CompletionTime.Time)
		})
		keep, err := strconv.Atoi(runs[0].Annotations[annotationKeepRuns])
		if err != nil || keep < 0 || keep >= len(runs) {
			continue
		}
		for _, pj := range runs[keep:] {
			names[pj.Name] = true
		}
	}
	return names
}
