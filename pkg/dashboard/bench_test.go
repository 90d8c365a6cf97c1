package dashboard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// BenchmarkFirstPage is the list of 50 runs as a browser gets it, of few runs and of many.
func BenchmarkFirstPage(b *testing.B) {
	for _, size := range []int{100, 20_000} {
		b.Run(fmt.Sprintf("of %d runs", size), func(b *testing.B) {
			l := newLab(b)
			var batch []*v1alpha1.PipelineJob
			for i := range size {
				batch = append(batch, &v1alpha1.PipelineJob{
					ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("run-%d", i), Namespace: "ci", CreationTimestamp: metav1.Unix(1767268800+int64(i), 0)},
					Spec: v1alpha1.PipelineJobSpec{
						Type: v1alpha1.Presubmit, Job: fmt.Sprintf("job-%d", i%50), BuildID: fmt.Sprint(i + 1), Connection: "gitea",
						Refs: &v1alpha1.Refs{Org: "org", Repo: "repo", Pulls: []v1alpha1.Pull{{Number: i % 300, Author: "alice", SHA: fmt.Sprintf("%040d", i)}}},
					},
					Status: v1alpha1.PipelineJobStatus{State: success},
				})
			}
			if err := l.history.Put(b.Context(), batch...); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/api/v1/runs", nil)
				r.Header.Set("Accept-Encoding", "gzip")
				w := httptest.NewRecorder()
				l.handler().ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
				b.ReportMetric(float64(w.Body.Len()), "wire-bytes")
			}
		})
	}
}
