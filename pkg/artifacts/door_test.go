package artifacts_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/artifacts"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// tokens are an API server that knows some tokens.
type tokens struct {
	known map[string]authv1.TokenReviewStatus
	asked int
	down  bool
}

func (s *tokens) Create(_ context.Context, r *authv1.TokenReview, _ metav1.CreateOptions) (*authv1.TokenReview, error) {
	if s.asked++; s.down {
		return nil, errors.New("the API server is down")
	}
	r.Status = s.known[r.Spec.Token]
	if !slices.ContainsFunc(r.Status.Audiences, func(a string) bool { return slices.Contains(r.Spec.Audiences, a) }) {
		r.Status = authv1.TokenReviewStatus{}
	}
	return r, nil
}

func token(pod, uid string, audiences ...string) authv1.TokenReviewStatus {
	return authv1.TokenReviewStatus{Authenticated: true, Audiences: audiences, User: authv1.UserInfo{
		Username: "system:serviceaccount:work:default",
		Extra: map[string]authv1.ExtraValue{
			"authentication.kubernetes.io/pod-name": {pod}, "authentication.kubernetes.io/pod-uid": {uid},
		},
	}}
}

type world struct {
	*tokens
	door  *httptest.Server
	store *storage.FileStore
	job   *v1alpha1.PipelineJob
	kube  client.Client
	now   time.Time
}

const folder = "pr-logs/pull/acme_app/7/unit/1800"

// newWorld has a run under way with one pod.
func newWorld(t *testing.T) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme, pipelinev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{now: time.Now(), job: &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Name: "unit-1", Namespace: "pharos", UID: "job-uid"},
		Spec: v1alpha1.PipelineJobSpec{Type: v1alpha1.Presubmit, Job: "unit", BuildID: "1800", Connection: "main",
			Refs: &v1alpha1.Refs{Org: "acme", Repo: "app", Pulls: []v1alpha1.Pull{{Number: 7}}}},
	}}
	run := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: "unit-1", Namespace: "work",
		Annotations: map[string]string{"pharos-ci.dev/job-namespace": "pharos", "pharos-ci.dev/job-uid": "job-uid"}}}
	foreign := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: "theirs", Namespace: "work"}}
	pod := func(name, run string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "work", UID: "uid-1", Labels: map[string]string{"tekton.dev/pipelineRun": run}}}
	}
	theirs := w.job.DeepCopy()
	theirs.Name = "theirs"
	w.kube = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(w.job).
		WithObjects(w.job, run, foreign, theirs, pod("mine", "unit-1"), pod("stray", "theirs"), pod("lost", "gone")).Build()
	w.tokens = &tokens{known: map[string]authv1.TokenReviewStatus{
		"good": token("mine", "uid-1", "pharos"), "old-pod": token("mine", "uid-0", "pharos"), "api": token("mine", "uid-1", "api"),
		"stray": token("stray", "uid-1", "pharos"), "lost": token("lost", "uid-1", "pharos"), "no-pod": token("none", "uid-1", "pharos"),
	}}
	var err error
	if w.store, err = storage.OpenFile(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return w.now }
	empty := fake.NewClientBuilder().WithScheme(scheme).Build() // a cache that is behind
	w.door = httptest.NewServer(artifacts.NewHandler(artifacts.Options{
		Reviewer: artifacts.NewReviewer(w.tokens, clock), Store: w.store, Layout: logs.Layout{DefaultConnection: "main"},
		Runs: &artifacts.Runs{Cache: empty, Live: w.kube, Namespace: "pharos", Now: clock},
	}))
	t.Cleanup(func() { w.door.Close(); w.store.Close() })
	return w
}

func (w *world) put(t *testing.T, token, path, content string) (int, string) {
	t.Helper()
	return w.send(t, token, path, strings.NewReader(content))
}

func (w *world) send(t *testing.T, token, path string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.door.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultTransport.RoundTrip(req) // which follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// stored are all files of the store.
func (w *world) stored(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for entry, err := range w.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		object, err := w.store.Get(t.Context(), entry.Key, storage.Range{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(object.Body)
		if err != nil {
			t.Fatal(err)
		}
		object.Body.Close()
		all[entry.Key] = string(text)
	}
	return all
}

func TestFilesOfARunAreStoredBesideItsLogs(t *testing.T) {
	w := newWorld(t)
	for path, content := range map[string]string{
		"/v1/artifacts/junit.xml": "<x/>", "/v1/artifacts/deep/a%20b/%23.txt": "two", "/v1/artifacts/empty": "", "/v1/clone-records.json": "[]",
	} {
		if status, text := w.put(t, "good", path, content); status != http.StatusCreated {
			t.Errorf("%s answers %d %s", path, status, text)
		}
	}
	if status, _ := w.put(t, "good", "/v1/artifacts/junit.xml", "<y/>"); status != http.StatusCreated {
		t.Errorf("a second version answers %d", status)
	}
	if status, _ := w.put(t, "good", "/v1/clone-records.json", "forged"); status != http.StatusConflict {
		t.Errorf("other records answer %d", status)
	}
	want := map[string]string{
		folder + "/artifacts/junit.xml": "<y/>", folder + "/artifacts/deep/a b/#.txt": "two", folder + "/artifacts/empty": "",
		folder + "/clone-records.json": "[]",
	}
	if diff := cmp.Diff(want, w.stored(t)); diff != "" {
		t.Errorf("store (-want +got):\n%s", diff)
	}
	if w.asked != 1 {
		t.Errorf("the API server was asked %d times about one token", w.asked)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		token  string
		status int
	}{
		"no token":                               {"", 401},
		"a token that is none":                   {"made-up", 401},
		"a token for the API server":             {"api", 401},
		"an earlier pod of the same name":        {"old-pod", 403},
		"a pod that is gone":                     {"no-pod", 403},
		"a pod of a run that is gone":            {"lost", 403},
		"a pod of a run that Pharos started not": {"stray", 403},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if status, text := w.put(t, tc.token, "/v1/artifacts/a", "x"); status != tc.status || text == "" {
				t.Errorf("answers %d %s, want %d", status, text, tc.status)
			}
			if got := w.stored(t); len(got) > 0 {
				t.Errorf("stored %v", got)
			}
		})
	}
}

func TestNoPathLeavesTheArtifacts(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"../finished.json", "%2e%2e/finished.json", "a/%2e%2e/%2e%2e/finished.json", "a//b", "", "a/", "%00", "..%2ffinished.json", strings.Repeat("x", 701)} {
		if status, text := w.put(t, "good", "/v1/artifacts/"+path, "x"); status < 300 {
			t.Errorf("%q answers %d %s", path, status, text)
		}
	}
	if got := w.stored(t); len(got) > 0 {
		t.Errorf("stored %v", got)
	}
}

func TestARunMaySendUntilShortlyAfterItsEnd(t *testing.T) {
	w := newWorld(t)
	w.job.Status.State = v1alpha1.StateFailure
	w.job.Status.CompletionTime = ptr.To(metav1.NewTime(w.now))
	if err := w.kube.Status().Update(t.Context(), w.job); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	if status, text := w.put(t, "good", "/v1/artifacts/late", "x"); status != http.StatusCreated {
		t.Errorf("a minute later answers %d %s", status, text)
	}
	w.now = w.now.Add(time.Hour)
	if status, text := w.put(t, "good", "/v1/artifacts/too-late", "x"); status != http.StatusForbidden {
		t.Errorf("an hour later answers %d %s", status, text)
	}
}

func TestTroubleOfOursIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.down = true
	if status, text := w.put(t, "good", "/v1/artifacts/a", "x"); status != http.StatusServiceUnavailable || strings.Contains(text, "API server") {
		t.Errorf("answers %d %s", status, text)
	}
}

// endless is a body whose size is announced or not.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestLimitsHold(t *testing.T) {
	t.Run("a file that is announced as too large is not read", func(t *testing.T) {
		w := newWorld(t)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.door.URL+"/v1/artifacts/disk", endless{})
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = 3 << 30
		req.Header.Set("Authorization", "Bearer good")
		req.Header.Set("Expect", "100-continue")
		resp, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("answers %s", resp.Status)
		}
	})
	t.Run("records that grow too large are not kept", func(t *testing.T) {
		w := newWorld(t)
		if status, _ := w.send(t, "good", "/v1/clone-records.json", io.LimitReader(endless{}, 5<<20)); status != http.StatusRequestEntityTooLarge {
			t.Errorf("answers %d", status)
		}
		if got := w.stored(t); len(got) > 0 {
			t.Error("stored a part")
		}
	})
	t.Run("what earlier processes stored counts", func(t *testing.T) {
		w := newWorld(t)
		w.door.Config.Handler = artifacts.NewHandler(artifacts.Options{
			Reviewer: artifacts.NewReviewer(w.tokens, nil), Store: large{w.store}, Layout: logs.Layout{DefaultConnection: "main"},
			Runs: &artifacts.Runs{Cache: w.kube, Live: w.kube, Namespace: "pharos"},
		})
		if status, text := w.put(t, "good", "/v1/artifacts/one-more", "too much"); status != http.StatusInsufficientStorage || !strings.Contains(text, "10737418240 bytes") {
			t.Errorf("answers %d %s", status, text)
		}
		if status, _ := w.put(t, "good", "/v1/artifacts/fits", "x"); status != http.StatusCreated {
			t.Errorf("what still fits answers %d", status)
		}
	})
}

// large is a store in which the run has almost all that it may have.
type large struct{ storage.Store }

func (large) List(context.Context, string) iter.Seq2[storage.Entry, error] {
	return func(yield func(storage.Entry, error) bool) {
		yield(storage.Entry{Key: folder + "/artifacts/image", Size: 10<<30 - 4}, nil)
	}
}

func TestTheServerServesUntilItsEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := artifacts.NewServer("127.0.0.1:0", http.NotFoundHandler())
	ended := make(chan error, 1)
	go func() { ended <- s.Start(ctx) }()
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if err := artifacts.NewServer("256.0.0.1:0", nil).Start(t.Context()); err == nil {
		t.Error("listened at an address that is none")
	}
	if s.NeedLeaderElection() {
		t.Error("pods reach only the leader")
	}
}
