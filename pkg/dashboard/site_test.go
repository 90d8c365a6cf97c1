package dashboard_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
)

const (
	success = v1alpha1.StateSuccess
	failure = v1alpha1.StateFailure
	pending = v1alpha1.StatePending
)

func get(t *testing.T, l *lab, path string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, l, http.MethodGet, path, nil)
}

// send asks with some headers.
func send(t *testing.T, l *lab, method, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	l.handler().ServeHTTP(w, r)
	return w
}

var browser = map[string]string{"Accept": "text/html,*/*;q=0.8"}

func TestEveryAnswerIsHardened(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.print("run-1", "build", "test", "hello")
	for route, asked := range questions {
		for _, question := range append(asked, "/api/v1/runs/run-1/log/raw", "/runs/run-1", "/api/v1/openapi.json") {
			method, path, ok := strings.Cut(question, " ")
			if !ok {
				method, path = http.MethodGet, question
			}
			w := send(t, l, method, path, browser)
			csp := w.Header().Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: %s: Content-Security-Policy %q", route, path, csp)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s: %s: headers %v", route, path, w.Header())
			}
		}
	}
}

func TestTextOfARunIsNeverMarkup(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	l := newLab(t)
	l.add(1, failure, func(pj *v1alpha1.PipelineJob) {
		pj.Spec.Job, pj.Status.Description, pj.Spec.RerunCommand = evil, evil, evil
		pj.Spec.Refs.BaseRef, pj.Spec.Refs.RepoLink = evil, "javascript:alert(1)"
		pj.Spec.Refs.Pulls[0].Title, pj.Spec.Refs.Pulls[0].Author = evil, evil
		pj.Spec.Refs.Pulls[0].SHA, pj.Spec.Refs.Pulls[0].Link, pj.Spec.Refs.Pulls[0].CommitLink = evil, "javascript:alert(1)", "JaVaScRiPt:alert(1)"
	})
	for _, path := range []string{"/api/v1/runs", "/api/v1/runs/run-1", "/badge.svg?jobs=*", "/prowjobs.js", "/data.js?var=x"} {
		w := get(t, l, path)
		if body := w.Body.String(); w.Code != 200 || strings.Contains(body, "<script>") || strings.Contains(body, "<img") {
			t.Errorf("%s lets markup through: %d\n%s", path, w.Code, body)
		}
	}
	if body := strings.ToLower(get(t, l, "/api/v1/runs/run-1").Body.String()); strings.Contains(body, "javascript:") {
		t.Errorf("a link that is script:\n%s", body)
	}
}

func TestAFaultIsNotExplainedToStrangers(t *testing.T) {
	l := newLab(t)
	l.fault = errors.New("dial tcp 10.0.0.7: secret detail")
	for _, path := range []string{"/api/v1/runs/run-1", "/prowjob?prowjob=run-1"} {
		if w := get(t, l, path); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestPagesAreTheApplication(t *testing.T) {
	l := newLab(t)
	for path, code := range map[string]int{
		"/": 200, "/runs/any": 200, "/runs/any/tests": 200, "/pull?x=y": 200, "/job": 200, "/deliveries": 200, "/deliveries/any": 200,
		"/help": 200, "/config": 200, "/login": 200, "/nope": 404, "/view/s3/ci-logs/a/b/3": 404,
	} {
		w := send(t, l, http.MethodGet, path, browser)
		if w.Code != code || !strings.Contains(w.Body.String(), "<title>app</title>") || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := get(t, l, "/nope"); w.Code != 404 || strings.Contains(w.Body.String(), "<") {
		t.Errorf("a program gets %d %s", w.Code, w.Body)
	}
	if w := get(t, l, "/assets/app-1234.js"); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.Contains(w.Header().Get("Content-Type"), "javascript") {
		t.Errorf("an asset: %d %v", w.Code, w.Header())
	}
	if w := get(t, l, "/static/icon.svg"); w.Code != 200 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("a file that keeps its name: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/assets/gone.js", "/static/../index.html", "/assets/"} {
		if w := get(t, l, path); w.Code == 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestThePolicyAdmitsThePictureOfTheReader(t *testing.T) {
	w := send(t, newLab(t), http.MethodGet, "/", map[string]string{"X-User": "alice"})
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "img-src 'self' https://pictures.test data:;") {
		t.Errorf("policy %q", csp)
	}
}

func TestABinaryWithoutPagesSaysHowToBuildThem(t *testing.T) {
	w := httptest.NewRecorder()
	dashboard.Handler(dashboard.Unbuilt(newLab(t).deps())).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "npm run build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	for name, header := range map[string]map[string]string{
		"by fetch metadata": {"X-User": "alice", "Sec-Fetch-Site": "cross-site"},
		"by origin":         {"X-User": "alice", "Origin": "https://evil.test"},
	} {
		for _, path := range []string{"/api/v1/runs/run-1/rerun", "/rerun?prowjob=run-1", "/logout"} {
			if w := send(t, l, http.MethodPost, path, header); w.Code != http.StatusForbidden {
				t.Errorf("%s: %s: %d %s", name, path, w.Code, w.Body)
			}
		}
	}
}

func TestOnlyWhatIsMeantToChangesThings(t *testing.T) {
	for _, path := range []string{"/runs/run-1", "/api/v1/runs", "/api/v1/runs/run-1/log", "/prowjobs.js"} {
		if w := send(t, newLab(t), http.MethodPost, path, nil); w.Code != http.StatusMethodNotAllowed && w.Code != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	if w := get(t, l, "/api/v1/runs?job="+strings.Repeat("x", 30000)); w.Code != http.StatusRequestURITooLong {
		t.Errorf("a long address: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/runs/run-1/abort", strings.NewReader(`{"reason":"`+strings.Repeat("x", 100_000)+`"}`))
	r.Header.Set("X-User", "alice")
	w := httptest.NewRecorder()
	l.handler().ServeHTTP(w, r)
	if w.Code < 400 || w.Code >= 500 {
		t.Errorf("a long body: %d %s", w.Code, w.Body)
	}
}

func TestListsAreCompressedAndNotSentTwice(t *testing.T) {
	l := newLab(t)
	for i := range 20 {
		l.add(i+1, success)
	}
	w := send(t, l, http.MethodGet, "/api/v1/runs", map[string]string{"Accept-Encoding": "gzip"})
	tag := w.Header().Get("ETag")
	if w.Header().Get("Content-Encoding") != "gzip" || tag == "" || w.Body.Len() > 2000 {
		t.Errorf("%d bytes, headers %v", w.Body.Len(), w.Header())
	}
	if w := send(t, l, http.MethodGet, "/api/v1/runs", map[string]string{"If-None-Match": tag}); w.Code != http.StatusNotModified {
		t.Errorf("the same list again: %d", w.Code)
	}
	l.add(21, success)
	if w := send(t, l, http.MethodGet, "/api/v1/runs", map[string]string{"If-None-Match": tag}); w.Code != http.StatusOK {
		t.Errorf("another list: %d", w.Code)
	}
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	for _, c := range dashboard.Collectors() {
		registry.MustRegister(c)
	}
	get(t, newLab(t), "/api/v1/runs/some-run-that-is-gone")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var found string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			found += metric.String() + "\n"
		}
	}
	if !strings.Contains(found, "GET /api/v1/runs/{name}") || strings.Contains(found, "some-run") {
		t.Errorf("metrics:\n%s", found)
	}
}
