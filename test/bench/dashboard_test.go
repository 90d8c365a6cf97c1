package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// newHistory is an empty index in a file.
func newHistory(tb testing.TB) *history.Store {
	tb.Helper()
	h, err := history.Open(filepath.Join(tb.TempDir(), "history.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := h.Close(); err != nil {
			tb.Error(err)
		}
	})
	return h
}

// newDashboard is the dashboard's handler over an index and a store; the cluster holds nothing any more.
func newDashboard(tb testing.TB, h *history.Store, store storage.Store) http.Handler {
	tb.Helper()
	scheme := k8sruntime.NewScheme()
	for _, add := range []func(*k8sruntime.Scheme) error{v1alpha1.AddToScheme, pipelinev1.AddToScheme, corev1.AddToScheme} {
		if err := add(scheme); err != nil {
			tb.Fatal(err)
		}
	}
	var cluster client.Client = fake.NewClientBuilder().WithScheme(scheme).Build()
	return dashboard.Handler(dashboard.Deps{
		Read: gate.Deps{
			Cluster: cluster, Namespace: "ci", Live: cluster, History: h, Store: store, Layout: layout, Access: everybody{},
			Logs:    read.New(read.Options{Store: store, Layout: layout, Cluster: cluster}),
			Actions: &gate.ClusterActions{Client: cluster, Namespace: "ci"},
			Setup: func() gate.Setup {
				return gate.Setup{Jobs: &job.Set{}, DefaultConnection: "hub", Enabled: func(scm.Repo) []string { return nil }}
			},
		},
		Rebuilding: func() (int, int, bool) { return 0, 0, false },
	})
}

// everybody reads everything and changes nothing.
type everybody struct{}

func (everybody) Visible(_ context.Context, _ *login.User, repos []scm.Repo) ([]scm.Repo, error) {
	return repos, nil
}

func (everybody) MayRerun(context.Context, *login.User, *v1alpha1.PipelineJob) (access.Verdict, error) {
	return access.Verdict{}, nil
}

func (everybody) MayAbort(context.Context, *login.User, *v1alpha1.PipelineJob) (access.Verdict, error) {
	return access.Verdict{}, nil
}

func (everybody) MayReplay(context.Context, *login.User, *v1alpha1.Delivery) (access.Verdict, error) {
	return access.Verdict{}, nil
}

// cost is what one request takes: the median time, allocations and what goes over the wire.
type cost struct {
	time      time.Duration
	allocs    int
	allocated int64 // bytes
	wire      int
	body      []byte // of the last answer
}

// ask measures n equal requests.
func ask(tb testing.TB, h http.Handler, n int, target string) cost {
	tb.Helper()
	var c cost
	var took []time.Duration
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		start := time.Now()
		h.ServeHTTP(w, r)
		took = append(took, time.Since(start))
		if w.Code != http.StatusOK {
			tb.Fatalf("%s: %d: %s", target, w.Code, w.Body)
		}
		c.wire, c.body = w.Body.Len(), w.Body.Bytes()
	}
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	c.time = took[n/2]
	c.allocs, c.allocated = int(after.Mallocs-before.Mallocs)/n, int64(after.TotalAlloc-before.TotalAlloc)/int64(n)
	return c
}
