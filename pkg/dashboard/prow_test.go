package dashboard_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

func TestProwJobsAsProgramsReadThem(t *testing.T) {
	l := newLab(t)
	l.add(1, success, func(pj *v1alpha1.PipelineJob) { pj.Labels = map[string]string{"a": "b"} })
	l.add(2, pending)
	var list struct {
		Items []struct {
			Kind     string
			Metadata metav1.ObjectMeta
			Spec     map[string]any
			Status   struct {
				State   string
				BuildID string `json:"build_id"`
			}
		}
	}
	if err := json.Unmarshal(get(t, l, "/prowjobs.js").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 || list.Items[0].Status.BuildID != "2" || list.Items[1].Kind != "ProwJob" || list.Items[1].Spec["pod_spec"] == nil || list.Items[1].Metadata.Labels["a"] != "b" {
		t.Errorf("items %+v", list.Items)
	}
	w := get(t, l, "/prowjobs.js?var=allBuilds&omit=annotations,labels,decoration_config,pod_spec")
	text, ok := strings.CutPrefix(w.Body.String(), "var allBuilds = ")
	if !ok || strings.Contains(text, "pod_spec") || strings.Contains(text, `"labels"`) || !strings.HasSuffix(text, ";\n") {
		t.Errorf("script %s", w.Body)
	}
	if w := get(t, l, "/prowjobs.js?var=alert(1)//"); w.Code != http.StatusBadRequest {
		t.Errorf("a variable that is none: %d %s", w.Code, w.Body)
	}
	if w := get(t, l, "/prowjobs.js?org=other"); strings.TrimSpace(w.Body.String()) != `{"items":[]}` {
		t.Errorf("another organisation: %s", w.Body)
	}
	var rows []map[string]any
	if err := json.Unmarshal(get(t, l, "/data.js").Body.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if rows[1]["refs"] != "main:1111111111111111,7:2222222222222222" || rows[1]["duration"] != "1m23s" || rows[1]["prow_job"] != "run-1" || rows[1]["number"] != 7.0 {
		t.Errorf("rows %v", rows)
	}
}

func TestBadges(t *testing.T) {
	l := newLab(t)
	l.add(1, failure)
	l.add(2, success)
	for i, job := range []string{"e2e-a", "e2e-b", "e2e-c", "e2e-d"} {
		l.add(10+i, failure, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = job })
	}
	for jobs, want := range map[string]string{
		"unit": ">passing<", "unit,e2e-a": ">failing e2e-a<", "e2e-*": ">failing e2e-d, e2e-c, e2e-b, …<", "nope": ">no results<", "": ">no results<",
	} {
		w := get(t, l, "/badge.svg?jobs="+jobs)
		if w.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(w.Body.String(), want) || w.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%q: no %q in %v\n%s", jobs, want, w.Header(), w.Body)
		}
	}
	if w := get(t, l, "/badge.svg?jobs=["); w.Code != http.StatusBadRequest {
		t.Errorf("a pattern that is none: %d", w.Code)
	}
}

func TestAddressesOfPagesLeadOn(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	for path, want := range map[string]string{
		"/view/s3/ci-logs/some/where/pr-logs/pull/org_repo/7/unit/1":  "/runs/run-1",
		"/view/s3/ci-logs/some/where/pr-logs/pull/org_repo/7/unit/1/": "/runs/run-1",
		"/view/s3/ci-logs/elsewhere/unit/1":                           "/runs/run-1",
		"/view/prowjob/unit/1":                                        "/runs/run-1",
		"/view/prowjob/unit/run-1":                                    "/runs/run-1",
		"/job-history/s3/ci-logs/some/where/pr-logs/directory/unit":   "/job?connection=gitea&job=unit&repo=org%2Frepo",
		"/job-history/s3/ci-logs/logs/other":                          "/job?job=other",
		"/pr-history?org=org&repo=repo&pr=7":                          "/pull?connection=gitea&number=7&repo=org%2Frepo",
		"/configured-jobs/org/repo":                                   "/help?repo=org%2Frepo",
		"/configured-jobs":                                            "/help",
		"/plugins?repo=org/repo":                                      "/help?repo=org%2Frepo",
		"/view/s3/ci-logs/pr-logs/pull/org_repo/7/unit/99":            "",
		"/view/s3/ci-logs/":                                           "",
		"/job-history/s3/ci-logs/":                                    "",
	} {
		w := get(t, l, path)
		if w.Header().Get("Location") != want || (want != "") != (w.Code == http.StatusFound) {
			t.Errorf("%s: %d %q, want %q", path, w.Code, w.Header().Get("Location"), want)
		}
	}
}

func TestLogsForPrograms(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.add(2, pending)
	l.print("run-1", "build", "clone", "cloning")
	l.print("run-1", "build", "test", "ok")
	l.print("run-2", "build", "test", "so far")
	l.task("run-1", "build")
	for path, want := range map[string]string{
		"/log?job=unit&id=1":                        "cloning\nok\n",
		"/log?job=unit&id=1&container=test":         "ok\n",
		"/log?job=unit&id=2":                        "so far\n",
		"/logs/ci/run-1-build-pod/step-test":        "ok\n",
		"/log?job=unit&id=1&container=nope":         "",
		"/log?job=unit":                             "",
		"/log?job=other&id=1":                       "",
		"/logs/ci/run-1-build-pod/step-nope":        "",
		"/logs/other/run-1-build-pod/step-test":     "",
		"/logs/ci/a-pod-of-somebody-else/step-test": "",
	} {
		w := get(t, l, path)
		if (want != "") != (w.Code == 200) || want != "" && (w.Body.String() != want || w.Header().Get("Content-Type") != "text/plain; charset=utf-8") {
			t.Errorf("%s: %d %q, want %q", path, w.Code, w.Body, want)
		}
	}
}

func TestALogOfAPodWhoseTaskRunIsGone(t *testing.T) {
	l := newLab(t)
	const name = "unit-0123456789abcdef01234567"
	l.add(1, success, func(pj *v1alpha1.PipelineJob) { pj.Name = name })
	l.print(name, "build", "test", "ok")
	if w := get(t, l, "/logs/ci/"+name+"-build-pod/step-test"); w.Body.String() != "ok\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestProwsActions(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.add(2, pending)
	alice := map[string]string{"X-User": "alice"}
	if w := get(t, l, "/rerun?prowjob=run-1"); !strings.Contains(w.Body.String(), "kind: ProwJob\n") || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := send(t, l, http.MethodPost, "/rerun?prowjob=run-1", nil); w.Code != http.StatusForbidden {
		t.Errorf("anonymous: %d %s", w.Code, w.Body)
	}
	if w := send(t, l, http.MethodPost, "/rerun?prowjob=run-1", alice); w.Code != http.StatusCreated || !strings.HasPrefix(w.Header().Get("Location"), "/runs/unit-") {
		t.Errorf("alice: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := send(t, l, http.MethodPost, "/rerun?prowjob=run-1&mode=latest", alice); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "not in the configuration") {
		t.Errorf("a job that is not configured now: %d %s", w.Code, w.Body)
	}
	if w := send(t, l, http.MethodPost, "/rerun?prowjob=run-1&mode=newest", alice); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "original or latest") {
		t.Errorf("another mode: %d %s", w.Code, w.Body)
	}
	if w := send(t, l, http.MethodPost, "/abort?prowjob=run-2", alice); w.Code != http.StatusOK {
		t.Errorf("abort: %d %s", w.Code, w.Body)
	}
	if w := send(t, l, http.MethodPost, "/abort?prowjob=run-1", alice); w.Code != http.StatusForbidden {
		t.Errorf("abort of a finished run: %d %s", w.Code, w.Body)
	}
	if w := get(t, l, "/prowjob"); w.Code != http.StatusBadRequest {
		t.Errorf("no run: %d", w.Code)
	}
}

func TestPluginHelpAsDeckHasIt(t *testing.T) {
	l := newLab(t)
	l.setup.Plugins, l.setup.Enabled, l.setup.Jobs = commands, enabledEverywhere, jobSet(t, "org/repo")
	var help struct {
		AllRepos    []string
		RepoPlugins map[string][]string
		PluginHelp  map[string]struct {
			Commands []struct{ Usage, WhoCanUse string }
		}
	}
	if err := json.Unmarshal(get(t, l, "/plugin-help.js").Body.Bytes(), &help); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"org/repo": {"trigger"}}, help.RepoPlugins); diff != "" || help.AllRepos[0] != "org/repo" || help.PluginHelp["trigger"].Commands[0].WhoCanUse != "anyone" {
		t.Errorf("help %+v\n%s", help, diff)
	}
}
