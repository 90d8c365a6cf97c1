package controller_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/controller"
	"github.com/pharos-ci/pharos/pkg/job"
)

func TestTheClockStartsWhatIsDueOnce(t *testing.T) {
	began := time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC)
	periodic := func(name string, p job.Periodic) *job.Periodic {
		p.Base = job.Base{Name: name, Spec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine", Command: []string{"true"}}}}}
		return &p
	}
	static := job.Static{Periodics: []*job.Periodic{
		periodic("hourly", job.Periodic{Interval: job.Duration{Duration: time.Hour}}),
		periodic("noon", job.Periodic{Cron: "0 12 * * *"}),
	}}
	set, problems := job.Compile(static, job.Defaults{Connection: "main"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).Build()
	names := map[string]int{}
	var made []*v1alpha1.PipelineJob
	now := began
	p := &controller.Periodic{
		Client: c, Namespace: "pharos", BuildIDs: job.NewBuildIDs(func() time.Time { return now }),
		Jobs: set.Periodics, Connection: func() string { return "main" },
		Launch: func(ctx context.Context, pj *v1alpha1.PipelineJob) error {
			names[pj.Name]++
			pj.Namespace, pj.CreationTimestamp = "pharos", metav1.NewTime(now)
			made = append(made, pj)
			return c.Create(ctx, pj)
		},
	}
	look := func(at time.Time, want ...string) {
		t.Helper()
		now, made = at, nil
		if err := p.Look(t.Context(), began, now); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, pj := range made {
			got = append(got, pj.Spec.Job)
		}
		if len(got) != len(want) || len(want) > 0 && got[0] != want[0] {
			t.Errorf("at %s %v started, want %v", at.Format(time.TimeOnly), got, want)
		}
	}
	end := func(pj *v1alpha1.PipelineJob, at time.Time) {
		t.Helper()
		completed := metav1.NewTime(at)
		pj.Status.State, pj.Status.CompletionTime = v1alpha1.StateFailure, &completed
		if err := c.Update(t.Context(), pj); err != nil {
			t.Fatal(err)
		}
	}

	look(began, "hourly")
	first := made[0]
	if first.Spec.Type != v1alpha1.Periodic || first.Spec.Connection != "main" || first.Spec.Refs != nil {
		t.Errorf("the run is %+v", first.Spec)
	}
	look(began.Add(2 * time.Hour)) // the first is still running
	end(first, began.Add(30*time.Minute))
	look(began.Add(59 * time.Minute))
	look(began.Add(time.Hour), "hourly")
	end(made[0], began.Add(61*time.Minute))
	look(began.Add(3*time.Hour+30*time.Minute), "hourly", "noon")
	for name, n := range names {
		if n != 1 {
			t.Errorf("run %s was started %d times", name, n)
		}
	}
}
