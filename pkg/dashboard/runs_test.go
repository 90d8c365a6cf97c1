package dashboard_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
)

func TestRunsOfTheCluster(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	l := newLab()
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		l.add(9, success),
		l.add(10, "", func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "lint" }),
		l.add(11, failure, func(pj *v1alpha1.PipelineJob) { pj.Spec.Connection = "other" }),
		l.add(12, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].Number = 8 }),
		l.add(13, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs = nil }),
		l.add(14, success, func(pj *v1alpha1.PipelineJob) { pj.Namespace = "elsewhere" }),
	).Build()
	runs := dashboard.NewRuns(c, "ci")
	for name, tc := range map[string]struct {
		filter dashboard.Filter
		want   string
	}{
		"all, newest first":           {dashboard.Filter{}, "13 12 11 10 9"},
		"so many":                     {dashboard.Filter{Limit: 2}, "13 12"},
		"of a job":                    {dashboard.Filter{Job: "lint"}, "10"},
		"of a repository":             {dashboard.Filter{Repo: "org/repo"}, "12 11 10 9"},
		"of a connection":             {dashboard.Filter{Repo: "other:org/repo"}, "11"},
		"of a pull request":           {dashboard.Filter{Pull: 8}, "12"},
		"in a state":                  {dashboard.Filter{State: failure}, "11"},
		"no state is triggered":       {dashboard.Filter{State: v1alpha1.StateTriggered}, "10"},
		"older than one":              {dashboard.Filter{Before: "11"}, "10 9"},
		"one build":                   {dashboard.Filter{BuildID: "12"}, "12"},
		"what matches all conditions": {dashboard.Filter{Repo: "org/repo", Pull: 7, State: success}, "9"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := runs.List(t.Context(), tc.filter)
			if err != nil {
				t.Fatal(err)
			}
			var builds []string
			for _, pj := range found {
				builds = append(builds, pj.Spec.BuildID)
			}
			if diff := cmp.Diff(tc.want, strings.Join(builds, " ")); diff != "" {
				t.Errorf("builds (-want +got):\n%s", diff)
			}
		})
	}
	if pj, err := runs.Get(t.Context(), "run-9"); err != nil || pj.Spec.BuildID != "9" {
		t.Errorf("get: %v %v", pj, err)
	}
	if _, err := runs.Get(t.Context(), "run-14"); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a run of another namespace: %v", err)
	}
}
