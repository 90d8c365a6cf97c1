package controller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/controller"
)

func TestAJobKeepsAsManyRunsAsItWants(t *testing.T) {
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct{ keep, want string }{
		"two":              {"2", "run-2 run-3"},
		"none":             {"0", ""},
		"more than it has": {"9", "run-0 run-1 run-2 run-3"},
		"no number":        {"many", "run-0 run-1 run-2 run-3"},
		"nothing is said":  {"", "run-0 run-1 run-2 run-3"},
	} {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, pipelinev1.AddToScheme} {
				if err := add(scheme); err != nil {
					t.Fatal(err)
				}
			}
			b := fake.NewClientBuilder().WithScheme(scheme)
			for i := range 4 {
				id := fmt.Sprint("run-", i)
				completed := metav1.NewTime(end.Add(time.Duration(i) * time.Minute))
				pj := &v1alpha1.PipelineJob{
					ObjectMeta: metav1.ObjectMeta{Namespace: "pharos", Name: id},
					Spec:       v1alpha1.PipelineJobSpec{Job: "ci", Connection: "main", Namespace: "jobs", Refs: &v1alpha1.Refs{Org: "o", Repo: "r"}},
					Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StateSuccess, CompletionTime: &completed, PipelineRun: id,
						Log: v1alpha1.LogStatus{Archived: true}},
				}
				if tc.keep != "" {
					pj.Annotations = map[string]string{"pipelinesascode.tekton.dev/max-keep-runs": tc.keep}
				}
				b = b.WithObjects(pj, &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: id}})
			}
			c := b.Build()
			day := func() time.Duration { return 24 * time.Hour }
			gc := &controller.GC{Client: c, Namespace: "pharos", JobAge: day, RunAge: day, OnClock: func(string) bool { return false }}
			if err := gc.Sweep(t.Context(), end.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			var runs pipelinev1.PipelineRunList
			if err := c.List(t.Context(), &runs); err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, r := range runs.Items {
				left = append(left, r.Name)
			}
			if got := strings.Join(left, " "); got != tc.want {
				t.Errorf("left are %q, want %q", got, tc.want)
			}
			var jobs v1alpha1.PipelineJobList
			if err := c.List(t.Context(), &jobs); err != nil || len(jobs.Items) != 4 {
				t.Errorf("%d records are left, %v", len(jobs.Items), err)
			}
		})
	}
}
