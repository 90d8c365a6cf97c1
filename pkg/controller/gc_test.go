package controller_test

import (
	"testing"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/controller"
)

func TestGC(t *testing.T) {
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	finished := func() *v1alpha1.PipelineJob {
		completed := metav1.NewTime(end)
		return &v1alpha1.PipelineJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: "pharos", Name: "run"},
			Spec: v1alpha1.PipelineJobSpec{Type: v1alpha1.Presubmit, Report: true, Namespace: "jobs", Context: "unit", Connection: "main",
				Refs: &v1alpha1.Refs{Org: "o", Repo: "r", Pulls: []v1alpha1.Pull{{Number: 1, SHA: "abc"}}}},
			Status: v1alpha1.PipelineJobStatus{
				State: v1alpha1.StateSuccess, CompletionTime: &completed, PipelineRun: "run",
				Log:     v1alpha1.LogStatus{Archived: true},
				Reports: map[string]v1alpha1.ReportStatus{"forge": {State: v1alpha1.StateSuccess}},
			},
		}
	}
	for name, tc := range map[string]struct {
		age               time.Duration
		change            func(*v1alpha1.PipelineJob)
		keepJob, keepsRun bool
	}{
		"a fresh run stays":                        {age: time.Minute, keepJob: true, keepsRun: true},
		"an old run loses its PipelineRun first":   {age: 2 * time.Hour, keepJob: true},
		"a very old run goes":                      {age: 25 * time.Hour, keepsRun: true}, // the API server then collects what it owns
		"an unfinished run stays":                  {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) { pj.Status.State = v1alpha1.StatePending }, keepJob: true, keepsRun: true},
		"a run whose log is not stored stays":      {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) { pj.Status.Log.Archived = false }, keepJob: true, keepsRun: true},
		"a run that the forge does not know stays": {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) { pj.Status.Reports = nil }, keepJob: true, keepsRun: true},
		"the last run of a periodic job stays": {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) {
			pj.Spec.Type, pj.Spec.Job = v1alpha1.Periodic, "nightly"
		}, keepJob: true},
		"the last run of what was a periodic job goes": {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) {
			pj.Spec.Type, pj.Spec.Job = v1alpha1.Periodic, "removed"
		}, keepsRun: true},
		"a run that is not to be reported may go": {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) { pj.Status.Reports, pj.Spec.Report = nil, false }, keepsRun: true},
		"a run whose end was not reported yet stays": {age: 25 * time.Hour, change: func(pj *v1alpha1.PipelineJob) {
			pj.Status.Reports["forge"] = v1alpha1.ReportStatus{State: v1alpha1.StatePending}
		}, keepJob: true, keepsRun: true},
	} {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, pipelinev1.AddToScheme} {
				if err := add(scheme); err != nil {
					t.Fatal(err)
				}
			}
			pj := finished()
			if tc.change != nil {
				tc.change(pj)
			}
			run := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "run"}}
			c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(pj, run).Build()
			gc := &controller.GC{Client: c, Namespace: "pharos",
				JobAge: func() time.Duration { return 24 * time.Hour }, RunAge: func() time.Duration { return time.Hour }, OnClock: func(j string) bool { return j == "nightly" }}
			if err := gc.Sweep(t.Context(), end.Add(tc.age)); err != nil {
				t.Fatal(err)
			}
			if got := exists(t, c, pj); got != tc.keepJob {
				t.Errorf("the PipelineJob exists: %v, want %v", got, tc.keepJob)
			}
			if got := exists(t, c, run); got != tc.keepsRun {
				t.Errorf("the PipelineRun exists: %v, want %v", got, tc.keepsRun)
			}
		})
	}
}

func exists(t *testing.T, c client.Client, o client.Object) bool {
	t.Helper()
	err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o)
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}
