package inrepo_test

import (
	"testing"

	"github.com/pharos-ci/pharos/pkg/inrepo"
)

// BenchmarkRead is an event whose files are in memory already: what reading the jobs anew costs beside git.
func BenchmarkRead(b *testing.B) {
	for name, files := range map[string]map[string]string{
		"prow":       {".prow.yaml": "presubmits:\n- name: unit\n  always_run: true\n  spec: {containers: [{image: i, command: [x]}]}\n"},
		"tekton":     {".tekton/run.yaml": runByReference + "---\n" + pipelineBuild, ".tekton/tasks/compile.yaml": taskCompile, ".tekton/ci.yaml": pipelineRun("cel", `on-cel-expression: event == "push"`)},
		"lighthouse": {".lighthouse/triggers.yaml": oneJob("source: src.yaml"), ".lighthouse/src.yaml": catalogClone},
	} {
		b.Run(name, func(b *testing.B) {
			r := inrepo.New(inrepo.Options{Trees: &trees{files: files}, Settings: settings})
			for b.Loop() {
				if found, err := r.Read(b.Context(), pullEvent()); err != nil || found.Broken() {
					b.Fatal(err, found)
				}
			}
		})
	}
}
