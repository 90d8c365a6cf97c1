package inrepo_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/inrepo"
)

// web is a server of files that counts its requests and refuses any that carry a login.
type web struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	asked int
	down  bool
}

func newWeb(t *testing.T, files map[string]string) *web {
	t.Helper()
	w := &web{files: files}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked++
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("a login was sent to %s", r.URL)
		}
		content, ok := w.files[r.URL.Path]
		switch {
		case w.down:
			http.Error(rw, "down", http.StatusBadGateway)
		case strings.HasPrefix(content, "redirect "):
			http.Redirect(rw, r, strings.TrimPrefix(content, "redirect "), http.StatusFound)
		case !ok:
			http.NotFound(rw, r)
		default:
			fmt.Fprint(rw, content)
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// reader reads acme/app with the web server allowed.
func (w *web) reader(t *testing.T, files map[string]string, now func() time.Time) *inrepo.Reader {
	t.Helper()
	s := settings()
	s.AllowedHosts, s.HubURL = []string{w.URL}, w.URL
	return inrepo.New(inrepo.Options{
		Trees: &trees{files: files}, Settings: func() *inrepo.Settings { return s }, Now: now,
		Login: func(string, string) git.Login { return git.Login{Name: "bot", Token: "secret"} },
	})
}

const runCompile = "spec:\n  pipelineSpec:\n    tasks:\n    - name: c\n      taskRef: {name: compile}\n"

func runWith(annotation string) map[string]string {
	head := "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: ci\n  annotations:\n    pipelinesascode.tekton.dev/" + annotation + "\n"
	return map[string]string{".tekton/ci.yaml": head + runCompile, "ci/compile.yaml": taskCompile}
}

func TestRemoteTasksAreWrittenInto(t *testing.T) {
	w := newWeb(t, map[string]string{
		"/task.yaml":                    taskCompile,
		"/moved.yaml":                   "redirect /task.yaml",
		"/pipelines/build.yaml":         strings.ReplaceAll(pipelineBuild, "  name: build\n", "  name: build\n  annotations:\n    pipelinesascode.tekton.dev/task: ./tasks/compile.yaml\n"),
		"/pipelines/tasks/compile.yaml": taskCompile,
		"/api/v1/packages/tekton-task/tekton-catalog-tasks/compile/0.2.0": `{"data":{"manifestRaw":` + fmt.Sprintf("%q", taskCompile) + `}}`,
	})
	sum := sha256.Sum256([]byte(taskCompile))
	digest := hex.EncodeToString(sum[:])
	byPipeline := map[string]string{".tekton/ci.yaml": strings.ReplaceAll(runByReference, "  name: ci\n",
		"  name: ci\n  annotations:\n    pipelinesascode.tekton.dev/pipeline: "+w.URL+"/pipelines/build.yaml\n")}
	for name, files := range map[string]map[string]string{
		"an address":                        runWith("task: " + w.URL + "/task.yaml"),
		"the second annotation of several":  runWith("task-1: " + w.URL + "/task.yaml"),
		"a list":                            runWith(`task: "[` + w.URL + `/task.yaml]"`),
		"an address that moved":             runWith("task: " + w.URL + "/moved.yaml"),
		"a file of the repository":          runWith("task: ci/compile.yaml"),
		"a name of the catalog":             runWith("task: compile:0.2"),
		"an address with its digest":        runWith(`task: "` + w.URL + "/task.yaml#sha256=" + digest + `"`),
		"a pipeline with a task of its own": byPipeline,
	} {
		t.Run(name, func(t *testing.T) {
			found, err := w.reader(t, files, nil).Read(t.Context(), pullEvent())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string(nil), texts(found)); diff != "" {
				t.Fatalf("problems (-want +got):\n%s", diff)
			}
			if s := spec(t, found, 0); !strings.Contains(s, "go build") {
				t.Errorf("the run is %s", s)
			}
			pins := found.Presubmits[0].Annotations["pharos-ci.dev/remote-files"]
			if name != "a file of the repository" && !strings.Contains(pins, " sha256:") {
				t.Errorf("the digests are %q", pins)
			}
		})
	}
}

func TestRemoteTasksAreRefused(t *testing.T) {
	other := newWeb(t, map[string]string{"/task.yaml": taskCompile})
	w := newWeb(t, map[string]string{
		"/task.yaml": taskCompile, "/large.yaml": strings.Repeat("#", 1<<20+1), "/away.yaml": "redirect " + other.URL + "/task.yaml",
		"/loop.yaml": "redirect /loop.yaml", "/broken.yaml": "kind: [", "/pipeline.yaml": pipelineBuild,
	})
	for name, tc := range map[string]struct{ reference, want string }{
		"another host":             {other.URL + "/task.yaml", "is not one of inrepo.allowed_hosts in config.yaml"},
		"a redirect to another":    {w.URL + "/away.yaml", "is not one of inrepo.allowed_hosts in config.yaml"},
		"a redirect without end":   {w.URL + "/loop.yaml", "too many redirects"},
		"a password in it":         {strings.Replace(w.URL, "http://", "http://a:b@", 1) + "/task.yaml", "with a user or password is not fetched"},
		"a file of the machine":    {"file:///etc/passwd", `an address of kind "file" is not fetched`},
		"another catalog":          {"catalog://git-clone", `an address of kind "catalog" is not fetched`},
		"what is too large":        {w.URL + "/large.yaml", "the file is larger than 1024 KiB"},
		"what does not exist":      {w.URL + "/none.yaml", "the server answers 404 Not Found"},
		"what is no YAML":          {w.URL + "/broken.yaml", "did not find expected"},
		"what is no task":          {w.URL + "/pipeline.yaml", "holds no task"},
		"another digest":           {w.URL + "/task.yaml#sha256=" + strings.Repeat("0", 64), "has digest sha256:"},
		"a name with a path in it": {"..", `".." is neither an address, a file of the repository nor a name of the Tekton catalog`},
		"an unknown name":          {"nosuch", "the server answers 404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := w.reader(t, runWith(`task: "`+tc.reference+`"`), nil).Read(t.Context(), pullEvent())
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(texts(found), "\n"); !strings.Contains(got, tc.want) || len(found.Presubmits) != 0 {
				t.Errorf("problems are %s, want %q", got, tc.want)
			}
		})
	}
	if other.asked != 0 {
		t.Errorf("the other host was asked %d times", other.asked)
	}
}

func TestARemoteFileIsPinnedForAWhile(t *testing.T) {
	w := newWeb(t, map[string]string{"/task.yaml": taskCompile})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := w.reader(t, runWith("task: "+w.URL+"/task.yaml"), func() time.Time { return now })
	script := func() string {
		t.Helper()
		found, err := r.Read(t.Context(), pullEvent())
		if err != nil || len(found.Presubmits) != 1 {
			t.Fatal(err, texts(found))
		}
		return found.Presubmits[0].PipelineRunSpec.PipelineSpec.Tasks[0].TaskSpec.Steps[0].Script
	}
	script()
	w.files["/task.yaml"] = strings.ReplaceAll(taskCompile, "go build", "go test")
	now = now.Add(time.Minute)
	if got := script(); got != "go build" || w.asked != 1 {
		t.Errorf("a minute later it is %q after %d requests", got, w.asked)
	}
	now = now.Add(time.Hour)
	if got := script(); got != "go test" {
		t.Errorf("an hour later it is %q", got)
	}
	w.down = true
	now = now.Add(time.Hour)
	if got := script(); got != "go test" {
		t.Errorf("while its server is down it is %q", got)
	}
}
