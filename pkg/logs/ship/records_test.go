package ship_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// recordOf reads a JSON file of the run.
func recordOf(l *logstest.Lab, name string) map[string]any {
	l.T.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(l.File(name)), &out); err != nil {
		l.T.Errorf("%s: %v", name, err)
	}
	return out
}

func TestRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Job.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "golang"}}}
		l.Job.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: "tools", BaseRef: "v2"}}
		began := metav1.NewTime(time.Unix(1000, 0).UTC())
		l.Job.Status.PendingTime = &began
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.End(refs[0], 1)
		l.Job.Status.State = v1alpha1.StateFailure
		l.Job.Status.Description = "Task build failed."
		ended := metav1.NewTime(time.Unix(1100, 0).UTC())
		l.Job.Status.CompletionTime = &ended
		l.Observe()
		l.Archived()
		check := func(name string, want map[string]any) {
			t.Helper()
			if diff := cmp.Diff(want, recordOf(l, name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		check("started.json", map[string]any{
			"timestamp": 1000.0, "pull": "7", "repo-commit": "c1",
			"repos":    map[string]any{"acme/app": "main:b0,7:c1", "acme/tools": "v2"},
			"metadata": map[string]any{"pipelineJob": "ci/run", "connection": "main"},
		})
		check("finished.json", map[string]any{
			"timestamp": 1100.0, "passed": false, "result": "FAILURE", "revision": "c1",
			"metadata": map[string]any{
				"pipelineJob": "ci/run", "connection": "main", "state": "failure", "description": "Task build failed.",
			},
		})
		refsJSON := map[string]any{
			"org": "acme", "repo": "app", "base_ref": "main", "base_sha": "b0",
			"pulls": []any{map[string]any{"number": 7.0, "author": "ann", "sha": "c1"}},
		}
		container := map[string]any{"name": "main", "image": "golang", "resources": map[string]any{}}
		check("prowjob.json", map[string]any{
			"kind": "ProwJob", "apiVersion": "prow.k8s.io/v1",
			"metadata": map[string]any{"name": "run", "namespace": "ci", "uid": "job-uid"},
			"spec": map[string]any{
				"type": "presubmit", "agent": "tekton-pipeline", "cluster": "default", "namespace": "ci", "job": "unit",
				"refs": refsJSON, "extra_refs": []any{map[string]any{"org": "acme", "repo": "tools", "base_ref": "v2"}},
				"pod_spec": map[string]any{"containers": []any{container}},
			},
			"status": map[string]any{
				"pendingTime": "1970-01-01T00:16:40Z", "completionTime": "1970-01-01T00:18:20Z", "state": "failure",
				"description": "Task build failed.", "pod_name": "p1", "build_id": "100",
			},
		})
		if got, want := l.Store.Text(t, "pr-logs/directory/unit/100.txt"), "memory://test/"+logstest.RunPath; got != want {
			t.Errorf("directory leads to %q, want %q", got, want)
		}
	})
}

func TestLatestBuildIsTheNewest(t *testing.T) {
	for name, tc := range map[string]struct{ before, want string }{
		"the first build is the newest":   {"", "100"},
		"an older one is replaced":        {"99\n", "100"},
		"a newer one stays":               {"101", "101"},
		"ids are numbers, not just words": {"1000", "1000"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				const key = "pr-logs/directory/unit/latest-build.txt"
				if tc.before != "" {
					if err := l.Store.Put(t.Context(), key, strings.NewReader(tc.before), storage.PutOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				l.Start(l.Store)
				defer l.Stop()
				l.Finish(v1alpha1.StateSuccess)
				l.Observe()
				l.Archived()
				if got := l.Store.Text(t, key); got != tc.want {
					t.Errorf("newest is %q, want %q", got, tc.want)
				}
			})
		})
	}
}
