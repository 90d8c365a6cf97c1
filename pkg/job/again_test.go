package job_test

import (
	"testing"

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
