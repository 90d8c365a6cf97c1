package pipeline_test

import (
	"fmt"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

// Building, with Tekton's validation, is part of the time from a webhook to its PipelineRun.
func BenchmarkBuild(b *testing.B) {
	for _, name := range []string{"pod-decorated", "tekton-embedded"} {
		b.Run(name, func(b *testing.B) {
			pj := &v1alpha1.PipelineJob{}
			if err := yaml.Unmarshal(job(b, name), pj); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				// Every event brings another pull request, build and name.
				pj.Spec.Refs.Pulls[0].Number, pj.Spec.Refs.Pulls[0].Title = n, fmt.Sprint("$(title) ", n)
				pj.Spec.BuildID, pj.Name = fmt.Sprint(n), fmt.Sprint("pj-", n)
				if _, err := pipeline.Build(pj, options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
