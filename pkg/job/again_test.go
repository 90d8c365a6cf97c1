package job_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
)

func TestARunAgainIsTheSameJobUnderAnotherName(t *testing.T) {
	first := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{
			Name: "unit-1", Namespace: "pharos", UID: "u", ResourceVersion: "7", Finalizers: []string{v1alpha1.FinalizerLogs},
			Labels: map[string]string{"team": "core", v1alpha1.LabelBuildID: "1"},
		},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: "1", Connection: "main", Delivery: "d", Agent: v1alpha1.AgentTekton, Abort: "superseded",
			Refs: &v1alpha1.Refs{Org: "acme", Repo: "app", Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: "abc"}}},
		},
		Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StateAborted},
	}
	again, third := job.Again(first, "2"), job.Again(first, "3")
	want := first.Spec.DeepCopy()
	want.BuildID, want.Delivery, want.Abort = "2", "", ""
	if diff := cmp.Diff(*want, again.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if again.Name == first.Name || again.Name == third.Name || again.Name == "" {
		t.Errorf("the runs are called %s, %s and %s", first.Name, again.Name, third.Name)
	}
	if again.Labels["team"] != "core" || again.Labels[v1alpha1.LabelBuildID] != "2" || first.Labels[v1alpha1.LabelBuildID] != "1" {
		t.Errorf("labels %v, and of the first %v", again.Labels, first.Labels)
	}
	if diff := cmp.Diff(metav1.ObjectMeta{}, again.ObjectMeta, cmpopts.IgnoreFields(metav1.ObjectMeta{}, "Name", "Labels", "Annotations")); diff != "" {
		t.Errorf("the object carries over (-want +got):\n%s", diff)
	}
	again.Spec.Refs.Pulls[0].SHA = "changed"
	if first.Spec.Refs.Pulls[0].SHA != "abc" {
		t.Error("both runs share their refs")
	}
}

func TestARunAgainOfTheJobAsItIsConfiguredNow(t *testing.T) {
	on := func(branch string, image string) *job.Presubmit {
		j := &job.Presubmit{Base: base("unit"), AlwaysRun: true, Brancher: job.Brancher{Branches: []string{"^" + branch + "$"}}}
		j.Spec.Containers[0].Image = image
		return j
	}
	push := &job.Postsubmit{Base: base("deploy")}
	clock := &job.Periodic{Base: base("nightly"), Interval: job.Duration{Duration: time.Hour}}
	set := compile(t, job.Static{
		Presubmits:  map[string][]*job.Presubmit{"acme/app": {on("main", "newer"), on("v1", "older")}},
		Postsubmits: map[string][]*job.Postsubmit{"acme/app": {push}}, Periodics: []*job.Periodic{clock},
	}, job.Defaults{})
	blobless := true
	run := func(kind v1alpha1.JobType, name, branch string) *v1alpha1.PipelineJob {
		return &v1alpha1.PipelineJob{
			ObjectMeta: metav1.ObjectMeta{Name: name + "-1", Labels: map[string]string{"gone": "yes"}},
			Spec: v1alpha1.PipelineJobSpec{
				Type: kind, Job: name, BuildID: "1", Connection: "main", Delivery: "d", Abort: "superseded",
				Refs: &v1alpha1.Refs{
					Org: "acme", Repo: "app", BaseRef: branch, BaseSHA: "b", PathAlias: "old", BloblessFetch: &blobless,
					Pulls: []v1alpha1.Pull{{Number: 7, SHA: "abc"}},
				},
			},
		}
	}
	for _, tc := range []struct {
		of    *v1alpha1.PipelineJob
		image string
	}{
		{run(v1alpha1.Presubmit, "unit", "main"), "newer"},
		{run(v1alpha1.Batch, "unit", "v1"), "older"},
		{run(v1alpha1.Postsubmit, "deploy", "main"), "i"},
		{run(v1alpha1.Periodic, "nightly", "main"), "i"},
	} {
		again, err := job.AgainToday(set, tc.of, "2")
		if err != nil {
			t.Errorf("%s on %s: %v", tc.of.Name, tc.of.Spec.Refs.BaseRef, err)
			continue
		}
		s := again.Spec
		if s.PodSpec.Containers[0].Image != tc.image || s.Type != tc.of.Spec.Type || s.BuildID != "2" || s.Delivery != "" || s.Abort != "" {
			t.Errorf("%s on %s runs as %+v", tc.of.Name, tc.of.Spec.Refs.BaseRef, s)
		}
		want := v1alpha1.Refs{Org: "acme", Repo: "app", BaseRef: tc.of.Spec.Refs.BaseRef, BaseSHA: "b", Pulls: []v1alpha1.Pull{{Number: 7, SHA: "abc"}}}
		if diff := cmp.Diff(&want, s.Refs); diff != "" {
			t.Errorf("%s: refs (-want +got):\n%s", tc.of.Name, diff)
		}
		if again.Name == tc.of.Name || again.Labels["gone"] != "" {
			t.Errorf("it is called %s, with labels %v", again.Name, again.Labels)
		}
	}
	for _, gone := range []*v1alpha1.PipelineJob{run(v1alpha1.Presubmit, "lint", "main"), run(v1alpha1.Presubmit, "unit", "elsewhere")} {
		if _, err := job.AgainToday(set, gone, "2"); !errors.Is(err, job.ErrNotConfigured) {
			t.Errorf("%s is gone from %s: %v", gone.Spec.Job, gone.Spec.Refs.BaseRef, err)
		}
	}
}
