package dashboard_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard/api"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/junit"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// read asks the API and decodes the answer.
func read[T any](t *testing.T, l *lab, path string) T {
	t.Helper()
	return readAs[T](t, l, "", path)
}

func readAs[T any](t *testing.T, l *lab, user, path string) T {
	t.Helper()
	w := send(t, l, http.MethodGet, "/api/v1"+path, map[string]string{"X-User": user})
	var out T
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

func names(runs []api.Run) string {
	var all []string
	for _, r := range runs {
		all = append(all, r.Name)
	}
	return strings.Join(all, " ")
}

func TestSession(t *testing.T) {
	l := newLab(t)
	l.setup.ErrorPatterns = []string{"(?i)error"}
	want := api.Session{
		Logins: []api.Login{{Connection: "gitea", Kind: "gitea", URL: "/login/gitea"}}, Version: "v0.0.0-test",
		StoreURL: "s3://ci-logs/some/where", ErrorPatterns: []string{"(?i)error"}, Rebuilding: &api.Progress{Done: 3, Total: 7},
	}
	if diff := cmp.Diff(want, read[api.Session](t, l, "/session")); diff != "" {
		t.Errorf("anonymous (-want +got):\n%s", diff)
	}
	want.User = &api.User{Connection: "gitea", Login: "alice", Avatar: "https://pictures.test/alice"}
	if diff := cmp.Diff(want, readAs[api.Session](t, l, "alice", "/session")); diff != "" {
		t.Errorf("alice (-want +got):\n%s", diff)
	}
}

func TestTheListHasPagesAndFilters(t *testing.T) {
	l := newLab(t)
	for i := range 5 {
		l.add(i+1, success)
	}
	l.add(6, failure, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "lint" })
	path, pages := "/runs?limit=2&state=success", []string{}
	for next := ""; ; {
		page := read[api.RunPage](t, l, path+next)
		pages = append(pages, names(page.Runs))
		if page.Next == "" {
			break
		}
		next = "&before=" + page.Next
	}
	if diff := cmp.Diff([]string{"run-5 run-4", "run-3 run-2", "run-1"}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for query, want := range map[string]string{
		"job=l*nt":                          "run-6",
		"state=failure&state=success&job=*": "run-6 run-5 run-4 run-3 run-2 run-1",
		"author=bob":                        "",
		"type=postsubmit":                   "",
		"repo=org/repo&pull=7&limit=1":      "run-6",
	} {
		if got := names(read[api.RunPage](t, l, "/runs?"+query).Runs); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, bad := range []string{"state=great", "pull=seven", "limit=0", "limit=1000", "before=x", "sha=xyz", "since=yesterday", "job=" + strings.Repeat("x", 300)} {
		if w := get(t, l, "/api/v1/runs?"+bad); w.Code < 400 || w.Code >= 500 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.20s: %d %v %s", bad, w.Code, w.Header(), w.Body)
		}
	}
}

func TestNumbersAndSuggestions(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.add(2, failure)
	h := read[api.Histogram](t, l, "/runs/histogram?buckets=10")
	total := map[string]int{}
	for _, b := range h.Buckets {
		for state, n := range b.Counts {
			total[state] += n
		}
	}
	if diff := cmp.Diff(map[string]int{"success": 1, "failure": 1}, total); diff != "" || h.Seconds == 0 {
		t.Errorf("counts of %+v (-want +got):\n%s", h, diff)
	}
	if got := read[api.Values](t, l, "/runs/values?field=author&prefix=AL"); len(got.Values) != 1 || got.Values[0] != "alice" {
		t.Errorf("authors %v", got)
	}
}

func TestARunSaysWhatItIs(t *testing.T) {
	l := newLab(t)
	l.add(1, success, func(pj *v1alpha1.PipelineJob) {
		pj.Annotations = map[string]string{access.AnnotationRerunBy: "gitea:bob", access.AnnotationRerunOf: "run-0"}
		pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "org", Repo: "tools", BaseRef: "main"}}
		pj.Status.Conditions = []metav1.Condition{{Type: "Complete", Status: "True", Reason: "Success"}}
		pj.Status.Reports = map[string]v1alpha1.ReportStatus{"github": {State: success, Status: "success"}}
	})
	got := read[api.RunDetail](t, l, "/runs/run-1")
	if got.Repo != "org/repo" || got.Pulls[0].Number != 7 || !got.Finished || got.LogURL != "s3://ci-logs/some/where/pr-logs/pull/org_repo/7/unit/1/" ||
		got.RerunBy != "gitea:bob" || got.RerunOf != "run-0" || got.ExtraRefs[0].Repo != "org/tools" || len(got.Conditions) != 1 || len(got.Reports) != 1 {
		t.Errorf("run %+v", got)
	}
	want := api.RunPermissions{Rerun: api.Permission{Reason: "log in at gitea", Login: true}, Abort: api.Permission{Reason: "The run is over."}}
	if diff := cmp.Diff(want, got.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	if got := readAs[api.RunDetail](t, l, "alice", "/runs/run-1"); !got.Permissions.Rerun.Allowed {
		t.Errorf("alice may %+v", got.Permissions)
	}
}

func TestARunSaysWhyItIsWhereItIs(t *testing.T) {
	l := newLab(t)
	never := func(text string) func(*v1alpha1.PipelineJob) {
		return func(pj *v1alpha1.PipelineJob) { pj.Status.PendingTime, pj.Status.Description = nil, text }
	}
	l.add(1, v1alpha1.StateError, never("The pipeline does not exist."))
	l.add(2, v1alpha1.StateAborted, func(pj *v1alpha1.PipelineJob) { pj.Spec.Abort = "A newer commit came." })
	l.add(3, v1alpha1.StateTriggered, never("Waiting for a slot."))
	l.add(4, pending)
	l.add(5, success)
	l.change(func() {
		l.steps["run-4"] = []logs.StepInfo{
			{Task: "a", Step: "b", State: logs.StepWaiting, Reason: "PodInitializing"},
			{Task: "a", Step: "c", State: logs.StepWaiting, Reason: "ImagePullBackOff", Message: "no such image"},
		}
	})
	for name, want := range map[string]string{
		"run-1": "It never started. The pipeline does not exist.",
		"run-2": "A newer commit came.",
		"run-3": "Waiting for a slot.",
		"run-4": "Step c of task a waits: ImagePullBackOff: no such image",
		"run-5": "",
	} {
		if got := read[api.RunDetail](t, l, "/runs/"+name).Reason; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestARunOutlivesItsObject(t *testing.T) {
	l := newLab(t)
	pj := l.add(1, success, func(pj *v1alpha1.PipelineJob) {
		pj.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: []byte(`{"pipelineSpec":{"tasks":[{"name":"build"},{"name":"test","runAfter":["build"]}]}}`)}
	})
	l.print("run-1", "build", "make", "made")
	if err := l.cluster.Delete(t.Context(), pj); err != nil {
		t.Fatal(err)
	}
	if got := read[api.RunDetail](t, l, "/runs/run-1"); got.State != success {
		t.Errorf("run %+v", got)
	}
	tasks := read[api.Graph](t, l, "/runs/run-1/graph").Tasks
	if len(tasks) != 2 || tasks[1].RunAfter[0] != "build" || tasks[1].State != "skipped" || tasks[0].Steps[0] != "build/make" {
		t.Errorf("graph %+v", tasks)
	}
	if steps := read[api.Steps](t, l, "/runs/run-1/steps").Steps; len(steps) != 1 || steps[0].Kind != "step" {
		t.Errorf("steps %+v", steps)
	}
	text := get(t, l, "/api/v1/runs/run-1/yaml").Body.String()
	if !strings.HasPrefix(text, "apiVersion: pharos-ci.dev/v1alpha1\nkind: PipelineJob\n") || strings.Contains(text, "managedFields") {
		t.Errorf("YAML:\n%s", text)
	}
	if w := get(t, l, "/api/v1/runs/run-1/yaml?of=pipelinerun"); w.Code != http.StatusNotFound {
		t.Errorf("a PipelineRun that is gone: %d %s", w.Code, w.Body)
	}
}

func TestEventsOfARun(t *testing.T) {
	l := newLab(t)
	l.add(1, pending, func(pj *v1alpha1.PipelineJob) { pj.Status.PipelineRun = pj.Name })
	l.task("run-1", "build")
	event := func(name, about, reason string, minute int) *corev1.Event {
		return &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ci"}, InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: about},
			Reason: reason, LastTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)),
		}
	}
	for _, e := range []*corev1.Event{event("b", "run-1-build-pod", "Started", 2), event("a", "run-1", "Running", 1), event("c", "other", "Lost", 1)} {
		if err := l.cluster.Create(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	var reasons []string
	for _, e := range read[api.Events](t, l, "/runs/run-1/events").Events {
		reasons = append(reasons, e.Object+" "+e.Reason)
	}
	if diff := cmp.Diff([]string{"Pod/run-1 Running", "Pod/run-1-build-pod Started"}, reasons); diff != "" {
		t.Errorf("live (-want +got):\n%s", diff)
	}
	done := l.add(2, success)
	l.keep(done, logs.PodInfoFile, `{"pods":[{"events":[{"reason":"Pulled","involvedObject":{"kind":"Pod","name":"x"}}]}]}`)
	if kept := read[api.Events](t, l, "/runs/run-2/events").Events; len(kept) != 1 || kept[0].Reason != "Pulled" {
		t.Errorf("kept %+v", kept)
	}
	l.add(3, success)
	if none := read[api.Events](t, l, "/runs/run-3/events").Events; none == nil || len(none) > 0 {
		t.Errorf("of a run without records: %+v", none)
	}
}

func TestLogsByLine(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.print("run-1", "build", "test", "one", "\x1b[31mtwo\x1b[0m\x1b[2J", "three")
	lines := read[api.Lines](t, l, "/runs/run-1/log/lines?step=build/test&from=2&to=3")
	want := api.Lines{Lines: []api.StepLine{{Number: 2, Text: "\x1b[31mtwo\x1b[0m"}, {Number: 3, Text: "three"}}, Total: 3, Complete: true}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	found := read[api.Matches](t, l, "/runs/run-1/log/search?step=build/test&limit=1&q="+url.QueryEscape("^t|one$"))
	if len(found.Matches) != 1 || found.Matches[0].Number != 1 || found.Next != 3 {
		t.Errorf("found %+v", found)
	}
	for _, bad := range []string{"lines", "lines?step=build", "lines?step=build/test/x", "search?step=build/test", "search?step=build/test&q=(", "at?step=build/test&time=noon"} {
		if w := get(t, l, "/api/v1/runs/run-1/log/"+bad); w.Code < 400 || w.Code >= 500 || w.Code == 404 {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
	if w := get(t, l, "/api/v1/runs/run-1/log/lines?step=build/nope"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown step: %d", w.Code)
	}
}

func TestAStreamBeginsNearTheEnd(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.print("run-1", "build", "clone", "c1", "c2", "c3")
	l.print("run-1", "build", "test", "t1")
	server, _ := fast(t, l)
	lines, _ := open(t, server, "/api/v1/runs/run-1/log?tail=2", "").until("end")
	if diff := cmp.Diff([]string{"build/clone:2 c2", "build/clone:3 c3", "build/test:1 t1"}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	r := open(t, server, "/api/v1/runs/run-1/log?tail=2", "build%2Fclone=1")
	if lines, _ := r.until("end"); len(lines) != 3 {
		t.Errorf("a position counts more than a tail: %q", lines)
	}
}

func TestRawLogs(t *testing.T) {
	l := newLab(t)
	l.add(1, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "unit\"; evil=\r\n<x>" })
	l.add(2, pending)
	l.print("run-1", "build", "clone", "cloning")
	l.print("run-1", "build", "test", "<script>alert(1)</script>", "\x1b[31mred\x1b[0m")
	for name, tc := range map[string]struct {
		path string
		code int
		want string
	}{
		"the whole log, byte for byte": {"run-1/log/raw?download=true", 200, "cloning\n<script>alert(1)</script>\n\x1b[31mred\x1b[0m\n"},
		"one step":                     {"run-1/log/raw?download=true&step=build/clone", 200, "cloning\n"},
		"no such step":                 {"run-1/log/raw?step=build/nope", 404, ""},
		"half a step":                  {"run-1/log/raw?step=build", 422, ""},
		"a run that printed nothing":   {"run-2/log/raw", 404, ""},
		"no such run":                  {"run-3/log/raw", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := get(t, l, "/api/v1/runs/"+tc.path)
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
	if w := send(t, l, http.MethodGet, "/api/v1/runs/run-1/log/raw", map[string]string{"Range": "bytes=2-4"}); w.Code != http.StatusPartialContent || w.Body.String() != "oni" {
		t.Errorf("a range: %d %q", w.Code, w.Body)
	}
	w := send(t, l, http.MethodGet, "/api/v1/runs/run-1/log/raw", map[string]string{"Accept-Encoding": "gzip"})
	z, err := gzip.NewReader(w.Body)
	if err != nil || w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("stored compressed: %v %v", err, w.Header())
	}
	if text, err := io.ReadAll(z); err != nil || !bytes.HasPrefix(text, []byte("cloning\n")) {
		t.Errorf("%q %v", text, err)
	}
}

func TestArtifacts(t *testing.T) {
	l := newLab(t)
	pj := l.add(1, success)
	for _, name := range []string{"a.html", "b/c.txt", "b/d/e.png", "f.log", "z.bin"} {
		l.keep(pj, "artifacts/"+name, "<script>"+name)
	}
	l.keep(pj, "prowjob.json", "{}")
	page := read[api.ArtifactPage](t, l, "/runs/run-1/artifacts?limit=2")
	if len(page.Artifacts) != 1 || page.Artifacts[0].URL != "/api/v1/runs/run-1/artifacts/a.html" || len(page.Folders) != 1 || page.Folders[0] != "b/" || page.Next != "b/" {
		t.Errorf("first page %+v", page)
	}
	page = read[api.ArtifactPage](t, l, "/runs/run-1/artifacts?limit=2&after="+page.Next)
	if len(page.Artifacts) != 2 || page.Next != "" {
		t.Errorf("second page %+v", page)
	}
	if deep := read[api.ArtifactPage](t, l, "/runs/run-1/artifacts?deep=true&prefix=b/"); len(deep.Artifacts) != 2 || deep.Artifacts[1].Type != "image/png" {
		t.Errorf("all below b/: %+v", deep)
	}
	w := get(t, l, "/api/v1/runs/run-1/artifacts/a.html")
	csp := w.Header().Get("Content-Security-Policy")
	if w.Body.String() != "<script>a.html" || !strings.HasPrefix(csp, "sandbox; default-src 'none'") || strings.Contains(csp, "allow") ||
		w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("%s %v", w.Body, w.Header())
	}
	if w := send(t, l, http.MethodGet, "/api/v1/runs/run-1/artifacts/b/c.txt", map[string]string{"Range": "bytes=-5"}); w.Code != 206 || w.Body.String() != "c.txt" {
		t.Errorf("a range: %d %q", w.Code, w.Body)
	}
	for _, path := range []string{"nope", "../prowjob.json", "..%2Fprowjob.json", "b/../../prowjob.json", "b%2F..%2F..%2Fprowjob.json", "b", "", "%00"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		u, err := url.Parse("/api/v1/runs/run-1/artifacts/" + path)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		w := httptest.NewRecorder()
		l.handler().ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			t.Errorf("%q: %d %q", path, w.Code, w.Body)
		}
	}
}

func TestCompressedArtifactsAreReadableByAll(t *testing.T) {
	l := newLab(t)
	pj := l.add(1, success)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, "<testsuite name='s'><testcase name='t'><failure/></testcase></testsuite>"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	stored := storage.PutOptions{ContentEncoding: "gzip"}
	if err := l.store.Put(t.Context(), pj.Status.Log.Path+"/artifacts/x/junit_1.xml", bytes.NewReader(packed.Bytes()), stored); err != nil {
		t.Fatal(err)
	}
	if w := get(t, l, "/api/v1/runs/run-1/artifacts/x/junit_1.xml"); !strings.HasPrefix(w.Body.String(), "<testsuite") || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("unpacked: %q %v", w.Body, w.Header())
	}
	w := send(t, l, http.MethodGet, "/api/v1/runs/run-1/artifacts/x/junit_1.xml", map[string]string{"Accept-Encoding": "gzip"})
	if !bytes.Equal(w.Body.Bytes(), packed.Bytes()) || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("as stored: %d bytes, %v", w.Body.Len(), w.Header())
	}
	if tests := read[junit.TestReport](t, l, "/runs/run-1/tests"); tests.Failed != 1 || tests.Suites[0].File != "x/junit_1.xml" {
		t.Errorf("tests %+v", tests)
	}
}

func TestManyArtifactsDoNotHurt(t *testing.T) {
	l := newLab(t)
	pj := l.add(1, success)
	for i := range 250 {
		l.keep(pj, fmt.Sprintf("artifacts/deep/%d/file-%d.txt", i%10, i), "x")
	}
	l.keep(pj, "artifacts/deep/junit.xml", "<testsuite><testcase name='a'/></testsuite>")
	if page := read[api.ArtifactPage](t, l, "/runs/run-1/artifacts"); len(page.Folders) != 1 || len(page.Artifacts) != 0 {
		t.Errorf("the top %+v", page)
	}
	if page := read[api.ArtifactPage](t, l, "/runs/run-1/artifacts?prefix=deep/3/&limit=10"); len(page.Artifacts) != 10 || page.Next == "" {
		t.Errorf("a folder: %d, next %q", len(page.Artifacts), page.Next)
	}
	if tests := read[junit.TestReport](t, l, "/runs/run-1/tests"); tests.Tests != 1 || tests.Cut != "" {
		t.Errorf("tests %+v", tests)
	}
}

func TestActions(t *testing.T) {
	l := newLab(t)
	l.add(1, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Delivery = "d" })
	l.add(2, pending)
	l.add(3, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.PodSpec = nil })
	l.deliver("dead", public, v1alpha1.DeliveryDead)
	l.deliver("done", public, v1alpha1.DeliveryProcessed)
	act := func(user, path string) *httptest.ResponseRecorder {
		return send(t, l, http.MethodPost, "/api/v1"+path, map[string]string{"X-User": user})
	}
	for _, path := range []string{"/runs/run-1/rerun", "/deliveries/dead/replay"} {
		for user, why := range map[string]string{"": "log in at gitea", "bob": "you may not write"} {
			if w := act(user, path); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), why) {
				t.Errorf("%q: %s: %d %s", user, path, w.Code, w.Body)
			}
		}
	}
	var created api.Created
	if w := act("alice", "/runs/run-1/rerun"); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &created) != nil {
		t.Fatalf("rerun: %d %s", w.Code, w.Body)
	}
	again := &v1alpha1.PipelineJob{}
	if err := l.cluster.Get(t.Context(), client.ObjectKey{Namespace: "ci", Name: created.Name}, again); err != nil {
		t.Fatal(err)
	}
	if again.Annotations[access.AnnotationRerunBy] != "gitea:alice" || again.Annotations[access.AnnotationRerunOf] != "run-1" || again.Spec.Delivery != "" || again.Spec.BuildID == "1" {
		t.Errorf("the new run is %+v", again)
	}
	if w := act("alice", "/runs/run-3/rerun"); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "not known any more") {
		t.Errorf("a run that nobody remembers: %d %s", w.Code, w.Body)
	}
	l.setup.Jobs = jobSet(t, "org/repo")
	if w := act("alice", "/runs/run-3/rerun?mode=latest"); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &created) != nil {
		t.Fatalf("rerun as configured now: %d %s", w.Code, w.Body)
	}
	today := &v1alpha1.PipelineJob{}
	if err := l.cluster.Get(t.Context(), client.ObjectKey{Namespace: "ci", Name: created.Name}, today); err != nil {
		t.Fatal(err)
	}
	if today.Annotations[access.AnnotationRerunOf] != "run-3" || today.Spec.PodSpec == nil || today.Spec.Refs.Pulls[0].SHA != "2222222222222222" {
		t.Errorf("the run of the job as it is now is %+v", today)
	}
	if w := act("alice", "/deliveries/dead/replay"); w.Code != 200 || len(l.replayed) != 1 {
		t.Errorf("replay: %d %s, replayed %v", w.Code, w.Body, l.replayed)
	}
	if w := act("alice", "/deliveries/done/replay"); w.Code != http.StatusForbidden {
		t.Errorf("a delivery without its payload: %d %s", w.Code, w.Body)
	}
}

func TestAbort(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.add(2, pending)
	abort := func(user, run, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/runs/"+run+"/abort", strings.NewReader(body))
		r.Header.Set("X-User", user)
		w := httptest.NewRecorder()
		l.handler().ServeHTTP(w, r)
		return w
	}
	if w := abort("bob", "run-2", "{}"); w.Code != http.StatusForbidden {
		t.Errorf("bob: %d %s", w.Code, w.Body)
	}
	if w := abort("alice", "run-1", "{}"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "over") {
		t.Errorf("a finished run: %d %s", w.Code, w.Body)
	}
	for range 2 { // the second finds that it is being aborted
		abort("alice", "run-2", `{"reason":"It hangs."}`)
	}
	pj := &v1alpha1.PipelineJob{}
	if err := l.cluster.Get(t.Context(), client.ObjectKey{Namespace: "ci", Name: "run-2"}, pj); err != nil {
		t.Fatal(err)
	}
	if pj.Spec.Abort != "Aborted by gitea:alice on the dashboard. It hangs." {
		t.Errorf("the reason is %q", pj.Spec.Abort)
	}
}

func TestAPullRequest(t *testing.T) {
	l := newLab(t)
	l.add(1, failure)
	l.add(2, success)
	l.add(3, pending, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "lint" })
	l.add(4, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].SHA = "3333" })
	l.add(5, success, func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].Number = 8 })
	l.deliver("d", public, v1alpha1.DeliveryProcessed)
	p := read[api.PullPage](t, l, "/pull?connection=gitea&repo=org/repo&number=7")
	want := []api.PullCell{
		{SHA: "3333", Job: "unit", Run: "run-4", State: success, Runs: 1},
		{SHA: "2222222222222222", Job: "lint", Run: "run-3", State: pending, Runs: 1},
		{SHA: "2222222222222222", Job: "unit", Run: "run-2", State: success, Runs: 2},
	}
	if diff := cmp.Diff(want, p.Cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if names(p.Runs) != "run-4 run-3 run-2 run-1" || p.Title != "Better lamps" || len(p.Timeline) != 1 || p.Timeline[0].Jobs[0].RunName != "run-1" || len(p.Commits) != 2 {
		t.Errorf("page %+v", p)
	}
	if w := get(t, l, "/api/v1/pull?connection=gitea&repo=repo&number=7"); w.Code < 400 || w.Code >= 500 {
		t.Errorf("half a repository: %d", w.Code)
	}
	if none := read[api.PullPage](t, l, "/pull?connection=gitea&repo=org/repo&number=99"); none.Cells == nil || none.Jobs == nil || none.Timeline == nil {
		t.Errorf("a pull request without runs: %+v", none)
	}
}

func TestHistoryOfAJob(t *testing.T) {
	l := newLab(t)
	l.add(1, failure)
	l.add(2, success)
	h := read[api.JobHistory](t, l, "/jobs/history?connection=gitea&repo=org/repo&job=unit&since=2000-01-01T00:00:00Z")
	if names(h.Runs) != "run-2 run-1" || len(h.Flakes) != 1 || h.Flakes[0].Success != 1 || h.Flakes[0].Failure != 1 {
		t.Errorf("history %+v", h)
	}
	runs := 0
	for _, d := range h.ByDay {
		runs += d.Runs
	}
	if runs != 2 {
		t.Errorf("days %+v", h.ByDay)
	}
}

func TestDeliveriesHavePages(t *testing.T) {
	l := newLab(t)
	for _, name := range []string{"a", "b", "c"} {
		l.deliver(name, public, v1alpha1.DeliveryProcessed)
	}
	l.deliver("dead", public, v1alpha1.DeliveryDead)
	first := read[api.DeliveryPage](t, l, "/deliveries?limit=2&phase=Processed")
	second := read[api.DeliveryPage](t, l, "/deliveries?limit=2&phase=Processed&before="+first.Next)
	if len(first.Deliveries) != 2 || first.Deliveries[0].Name != "c" || len(second.Deliveries) != 1 || second.Next != "" {
		t.Errorf("pages %+v and %+v", first, second)
	}
	d := read[api.Delivery](t, l, "/deliveries/dead")
	if d.Repo != "org/repo" || d.Pull != 7 || d.Replay == nil || d.Replay.Allowed || !d.Replay.Login || d.Outcomes[0].Did[0] != "started unit" {
		t.Errorf("delivery %+v", d)
	}
}

func TestTheConfigurationIsForThoseWhoMayReadAllItNames(t *testing.T) {
	l := newLab(t)
	l.setup = gate.Setup{
		Revision: "0123abcd", DefaultConnection: "gitea", Jobs: jobSet(t, "org/repo"), Plugins: commands, Enabled: enabledEverywhere,
		Warnings: []gate.Finding{{Place: "plugins.yaml:3:1", Message: "unknown key", Remedy: "did you mean lgtm?"}},
		Files:    []gate.File{{Name: "config.yaml", Text: "plank: {}\n"}, {Name: "plugins.yaml", Text: "plugins: {}\n"}},
	}
	c := read[api.Configuration](t, l, "/configuration")
	if c.Revision != "0123abcd" || c.Warnings[0].Remedy != "did you mean lgtm?" || c.Refused == nil || c.Files[0].Text != "plank: {}\n" {
		t.Errorf("configuration %+v", c)
	}
	if text := get(t, l, "/config").Body.String(); text != "---\n# config.yaml\nplank: {}\n" {
		t.Errorf("for programs: %q", text)
	}
	if text := get(t, l, "/plugin-config").Body.String(); text != "---\n# plugins.yaml\nplugins: {}\n" {
		t.Errorf("plugins for programs: %q", text)
	}
	jobs := read[api.JobList](t, l, "/jobs?repo=org/repo").Jobs
	if len(jobs) != 1 || jobs[0].File != "jobs.yaml" || jobs[0].Line != 3 || jobs[0].RerunCommand != "/test unit" || jobs[0].When != "on every pull request" {
		t.Errorf("jobs %+v", jobs)
	}
	plugins := read[api.PluginList](t, l, "/plugins").Plugins
	want := []api.Plugin{{Name: "trigger", Help: "Starts jobs.", Repos: []string{"gitea:org/repo"}, Commands: []api.PluginCommand{
		{Usage: "/test [all | <job>...]", Description: "Runs jobs.", Who: "anyone", Examples: []string{"/test", "/test all"}},
	}}}
	if diff := cmp.Diff(want, plugins); diff != "" {
		t.Errorf("plugins (-want +got):\n%s", diff)
	}
	if read[api.Session](t, l, "/session").Findings != 1 {
		t.Error("the finding is not counted")
	}

	l.setup.Jobs = jobSet(t, "org/repo", "org/secret")
	for _, path := range []string{"/api/v1/configuration", "/config", "/plugin-config"} {
		for _, user := range []string{"", "bob"} {
			if w := send(t, l, http.MethodGet, path, map[string]string{"X-User": user}); w.Code != http.StatusNotFound {
				t.Errorf("%q: %s: %d %s", user, path, w.Code, w.Body)
			}
		}
		if w := send(t, l, http.MethodGet, path, map[string]string{"X-User": "alice"}); w.Code != http.StatusOK {
			t.Errorf("alice: %s: %d %s", path, w.Code, w.Body)
		}
	}
	if read[api.Session](t, l, "/session").Findings != 0 {
		t.Error("a stranger learns how many findings there are")
	}
}
