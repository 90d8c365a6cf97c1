package dashboard_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	w := httptest.NewRecorder()
	dashboard.Handler(l.deps()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestPages(t *testing.T) {
	l := newLab()
	l.add(1, success)
	l.add(2, pending)
	l.add(3, v1alpha1.StateError, func(pj *v1alpha1.PipelineJob) {
		pj.Status.Description, pj.Status.Log = "No node has room for the pod.", v1alpha1.LogStatus{Message: "the store is down"}
	})
	for name, tc := range map[string]struct {
		path string
		code int
		want []string
		not  []string
	}{
		"the list shows every run":       {"/", 200, []string{`href="/runs/run-1"`, `href="/runs/run-2"`, `href="/runs/run-3"`, `title="No node has room for the pod."`}, nil},
		"the list filters":               {"/?state=success", 200, []string{"/runs/run-1", "all runs", "<option selected>success</option>"}, []string{"/runs/run-2"}},
		"a filter that finds nothing":    {"/?state=aborted", 200, []string{"No run matches."}, nil},
		"a filter that makes no sense":   {"/?pull=seven", 400, []string{"pull is not a number"}, nil},
		"a state that does not exist":    {"/?state=great", 400, []string{"no such state"}, nil},
		"a cursor that is no build":      {"/?before=x", 400, []string{"not a build id"}, nil},
		"a filter that is too long":      {"/?job=" + strings.Repeat("x", 300), 400, []string{"longer than"}, nil},
		"a run says what it is":          {"/runs/run-1", 200, []string{"unit", "#7", "Better lamps", "https://forge.test/org/repo/pulls/7", "2222222222<", "/test unit", "s3://ci-logs/pr-logs/pull/org_repo/7/unit/1/", `data-events="/api/runs/run-1/log"`, "1m23s"}, nil},
		"a run that never began has why": {"/runs/run-3", 200, []string{"No node has room for the pod.", "the store is down", `badge error`}, nil},
		"a run that is gone":             {"/runs/run-9", 404, []string{"may have expired", "s3://ci-logs/pr-logs/pull/ORG_REPO/"}, nil},
		"a page that never was":          {"/nope", 404, []string{"Not Found", "page /nope"}, []string{"expired"}},
		"an asset that never was":        {"/static/x/../run.html", 404, nil, nil},
		"a template is no asset":         {"/static/x/run.html", 404, nil, nil},
		"a Prow address of a lost run":   {"/view/s3/ci-logs/pr-logs/pull/org_repo/7/unit/99", 404, []string{"s3://ci-logs/pr-logs/pull/org_repo/7/unit/99/"}, nil},
		"a Prow address without a build": {"/view/s3/ci-logs/", 404, []string{"expired"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(tc.path)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL = u
			dashboard.Handler(l.deps()).ServeHTTP(w, r)
			if w.Code != tc.code && (tc.want != nil || w.Code < 300) {
				t.Errorf("status %d, want %d", w.Code, tc.code)
			}
			for _, want := range tc.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("no %q in:\n%s", want, w.Body)
				}
			}
			for _, not := range tc.not {
				if strings.Contains(w.Body.String(), not) {
					t.Errorf("%q in:\n%s", not, w.Body)
				}
			}
		})
	}
}

var inline = regexp.MustCompile(`(?i)<script(?:>| (?:[^s]))|\sstyle=|\son[a-z]+=|<style|javascript:`)

func TestEveryAnswerIsHardened(t *testing.T) {
	l := newLab()
	l.add(1, success)
	l.print("run-1", "build", "test", "hello")
	for _, path := range []string{"/", "/runs/run-1", "/runs/none", "/api/runs", "/api/runs/run-1", "/api/runs/none", "/api/runs/run-1/log", "/api/runs/run-1/log/raw", "/view/s3/b/x/1", "/nope", "/static/x/app.js"} {
		w := get(t, l, path)
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, w.Header())
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			if found := inline.FindString(w.Body.String()); found != "" {
				t.Errorf("%s: inline %q, which the policy forbids", path, found)
			}
		}
	}
}

func TestTextOfARunIsNeverMarkup(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	l := newLab()
	l.add(1, failure, func(pj *v1alpha1.PipelineJob) {
		pj.Spec.Job, pj.Status.Description, pj.Spec.RerunCommand = evil, evil, evil
		pj.Spec.Refs.Org, pj.Spec.Refs.BaseRef, pj.Spec.Refs.RepoLink = evil, evil, "javascript:alert(1)"
		pj.Spec.Refs.Pulls[0].Title, pj.Spec.Refs.Pulls[0].Author = evil, evil
		pj.Spec.Refs.Pulls[0].SHA, pj.Spec.Refs.Pulls[0].Link, pj.Spec.Refs.Pulls[0].CommitLink = evil, "javascript:alert(1)", "JaVaScRiPt:alert(1)"
		pj.Status.Log.Path, pj.Status.Log.Message = evil, evil
	})
	for _, path := range []string{"/", "/runs/run-1", "/?job=" + url.QueryEscape(evil), "/view/s3/b/" + url.PathEscape(evil), "/runs/" + url.PathEscape(evil)} {
		body := get(t, l, path).Body.String()
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") || strings.Contains(strings.ToLower(body), `"javascript:`) {
			t.Errorf("%s lets markup through:\n%s", path, body)
		}
	}
	w := get(t, l, "/api/runs/run-1")
	if strings.Contains(w.Body.String(), "<script>") || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("API answers %s with %v", w.Body, w.Header())
	}
}

func TestTheListHasPages(t *testing.T) {
	l := newLab()
	for i := range 2*dashboard.PageSize + 5 {
		l.add(i+1, success)
	}
	path, sizes, last := "/api/runs?state=success", []int{}, "206"
	for path != "" {
		var page struct {
			Runs []dashboard.Run
			Next string
		}
		if err := json.Unmarshal(get(t, l, path).Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, run := range page.Runs {
			if v1alpha1.CompareBuilds(run.BuildID, last) >= 0 {
				t.Fatalf("build %s comes after %s", run.BuildID, last)
			}
			last = run.BuildID
		}
		sizes, path = append(sizes, len(page.Runs)), page.Next
	}
	if diff := cmp.Diff([]int{100, 100, 5}, sizes); diff != "" {
		t.Errorf("page sizes (-want +got):\n%s", diff)
	}
	if body := get(t, l, "/?state=success").Body.String(); !strings.Contains(body, `href="/?before=106&amp;state=success"`) {
		t.Error("the list page has no link to the next page")
	}
}

func TestAPI(t *testing.T) {
	l := newLab()
	l.add(1, success)
	var run dashboard.Run
	if err := json.Unmarshal(get(t, l, "/api/runs/run-1").Body.Bytes(), &run); err != nil {
		t.Fatal(err)
	}
	if run.Repo != "org/repo" || run.Pulls[0].Number != 7 || !run.Finished || run.LogURL != "s3://ci-logs/pr-logs/pull/org_repo/7/unit/1/" {
		t.Errorf("run = %+v", run)
	}
	w := get(t, l, "/api/runs/none")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"error"`) {
		t.Errorf("unknown run: %d %s", w.Code, w.Body)
	}
	if body := get(t, newLab(), "/api/runs").Body.String(); strings.TrimSpace(body) != `{"runs":[]}` {
		t.Errorf("an empty list is %s", body)
	}
}

func TestAFaultIsNotExplainedToStrangers(t *testing.T) {
	l := newLab()
	l.fault = errors.New("dial tcp 10.0.0.7: secret detail")
	for _, path := range []string{"/", "/api/runs"} {
		if w := get(t, l, path); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	for _, path := range []string{"/runs/run-1", "/api/runs", "/api/runs/run-1/log"} {
		w := httptest.NewRecorder()
		dashboard.Handler(newLab().deps()).ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		if w.Code < 400 {
			t.Errorf("POST %s answers %d", path, w.Code)
		}
	}
}

func TestProwAddressesLeadToTheRun(t *testing.T) {
	l := newLab()
	l.add(12, success)
	w := get(t, l, "/view/s3/ci-logs/pr-logs/pull/org_repo/7/unit/12/")
	if w.Code != http.StatusFound || w.Header().Get("Location") != "/runs/run-12" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestRawLogs(t *testing.T) {
	l := newLab()
	l.add(1, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "unit\"; evil=\r\n<x>" })
	l.add(2, pending)
	l.print("run-1", "build", "clone", "cloning")
	l.print("run-1", "build", "test", "<script>alert(1)</script>", "\x1b[31mred\x1b[0m")
	for name, tc := range map[string]struct {
		path string
		code int
		want string
	}{
		"the whole log, byte for byte": {"run-1/log/raw", 200, "cloning\n<script>alert(1)</script>\n\x1b[31mred\x1b[0m\n"},
		"one step":                     {"run-1/log/raw?step=build/clone", 200, "cloning\n"},
		"no such step":                 {"run-1/log/raw?step=build/nope", 404, ""},
		"half a step":                  {"run-1/log/raw?step=build", 400, ""},
		"a run that goes on":           {"run-2/log/raw", 404, ""},
		"no such run":                  {"run-3/log/raw", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := get(t, l, "/api/runs/"+tc.path)
			if w.Code != tc.code || tc.want != "" && w.Body.String() != tc.want {
				t.Fatalf("%d %q", w.Code, w.Body)
			}
			if tc.code != http.StatusOK {
				return
			}
			disposition := w.Header().Get("Content-Disposition")
			if w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(disposition, "attachment; filename=unit_") || strings.ContainsAny(disposition, "\"\r\n<") {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestAssetsAreKeptByVersion(t *testing.T) {
	l := newLab()
	page := get(t, l, "/").Body.String()
	asset := regexp.MustCompile(`src="(/static/[0-9a-f]+/app\.js)"`).FindStringSubmatch(page)
	if asset == nil {
		t.Fatalf("no script in:\n%s", page)
	}
	if w := get(t, l, asset[1]); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.Contains(w.Header().Get("Content-Type"), "javascript") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := get(t, l, "/static/old/app.js"); w.Code != 200 || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("an old version: %d %v", w.Code, w.Header())
	}
}
