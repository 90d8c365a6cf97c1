package supervisor_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/supervisor"
)

// door takes files as Pharos does.
type door struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	types map[string]string
	// answer, where it is set, decides about a request by its path and how often it came.
	answer func(path string, try int) int
	tries  map[string]int
}

func open(t *testing.T) *door {
	d := &door{files: map[string]string{}, types: map[string]string{}, tries: map[string]int{}}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries[r.URL.Path]++
	status := http.StatusCreated
	if d.answer != nil {
		status = d.answer(r.URL.Path, d.tries[r.URL.Path])
	}
	if err != nil || r.Method != http.MethodPut || r.Header.Get("Authorization") != "Bearer who-i-am" {
		status = http.StatusUnauthorized
	}
	if status == http.StatusCreated {
		name := r.URL.Path
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, _ := gzip.NewReader(bytes.NewReader(body))
			body, _ = io.ReadAll(z)
			name += " (gzip)"
		}
		d.files[name], d.types[r.URL.Path] = string(body), r.Header.Get("Content-Type")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(http.StatusText(status)))
}

// uploading is an order with a folder of artifacts and a door.
func uploading(t *testing.T, d *door) supervisor.Order {
	t.Helper()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("who-i-am\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return supervisor.Order{
		Artifacts: filepath.Join(dir, "artifacts"),
		Upload:    supervisor.Upload{URL: d.URL + "/", TokenFile: token, MediaTypes: map[string]string{"xml": "text/junit"}, Compress: []string{"log"}},
	}
}

const leavesFiles = `cd $A && mkdir -p 'a b/c' && echo one >'a b/c/x#1.txt' && echo two >junit.xml && echo three >big.log && : >empty &&
ln -s junit.xml link.xml && ln -s /nowhere broken && mkfifo pipe; `

func TestArtifactsArriveHoweverTheProcessEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		script  string
		timeout time.Duration
		code    int
	}{
		"a success": {"exit 0", time.Minute, 0},
		"a failure": {"exit 3", time.Minute, 3},
		"a timeout": {"sleep 60", 300 * time.Millisecond, 124},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			o := uploading(t, d)
			o.Timeout.Duration, o.GracePeriod.Duration = tc.timeout, time.Second
			s := begin(t, o, []string{"A=" + o.Artifacts}, "sh", "-c", leavesFiles+tc.script)
			if code := s.end(t); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			want := map[string]string{
				"/v1/artifacts/a b/c/x#1.txt": "one\n", "/v1/artifacts/junit.xml": "two\n", "/v1/artifacts/link.xml": "two\n",
				"/v1/artifacts/big.log (gzip)": "three\n", "/v1/artifacts/empty": "",
			}
			if diff := cmp.Diff(want, d.files); diff != "" {
				t.Errorf("files (-want +got):\n%s\n%s", diff, s.stderr.String())
			}
			if d.types["/v1/artifacts/junit.xml"] != "text/junit" || d.types["/v1/artifacts/big.log"] != "text/plain; charset=utf-8" {
				t.Errorf("types %v", d.types)
			}
			if !strings.Contains(s.stderr.String(), "pharos: 5 artifacts uploaded, 18 bytes\n") {
				t.Errorf("told %q", s.stderr.String())
			}
		})
	}
}

func TestWhatDoesNotArriveIsToldAndChangesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(path string, try int) int
		tries  int
		want   string
	}{
		"a refusal is told":          {func(string, int) int { return http.StatusRequestEntityTooLarge }, 1, "a: refused: 413 Request Entity Too Large"},
		"a full store ends it":       {func(string, int) int { return http.StatusInsufficientStorage }, 1, "no more files are taken: 507 Insufficient Storage"},
		"an outage is tried through": {func(_ string, try int) int { return []int{503, 201}[try-1] }, 2, "1 artifacts uploaded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			d.answer = tc.answer
			o := uploading(t, d)
			s := begin(t, o, nil, "sh", "-c", "echo x >"+o.Artifacts+"/a")
			if code := s.end(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if d.tries["/v1/artifacts/a"] != tc.tries || !strings.Contains(s.stderr.String(), tc.want) {
				t.Errorf("%d tries, told %q, want %q", d.tries["/v1/artifacts/a"], s.stderr.String(), tc.want)
			}
		})
	}
}

// secretVolume lays files out as the kubelet does: links into a folder that a link swaps at every update.
func secretVolume(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	const version = "..2026_01_02"
	errs := []error{os.Mkdir(filepath.Join(folder, version), 0o700), os.Symlink(version, filepath.Join(folder, "..data"))}
	for name, content := range files {
		errs = append(errs, os.WriteFile(filepath.Join(folder, version, name), []byte(content), 0o600),
			os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)))
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestSecretsAreHidden(t *testing.T) {
	d := open(t)
	o := uploading(t, d)
	folder := secretVolume(t, map[string]string{"password": "hunter2\n", "short": "ab"})
	o.Censor = supervisor.Censor{Folders: []string{folder}, Variables: []string{"TOKEN"}, MinLength: 3}
	s := begin(t, o, []string{"TOKEN=t0ken", "A=" + o.Artifacts}, "sh", "-c",
		"echo it is hunter2, aHVudGVyMg==, $TOKEN and ab; echo hunter2 >&2; echo hunter2 >$A/x.txt")
	if code := s.end(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if got, want := s.stdout.String(), "it is *******, ************, ***** and ab\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	if !strings.HasPrefix(s.stderr.String(), "*******\n") {
		t.Errorf("errors %q", s.stderr.String())
	}
	if d.files["/v1/artifacts/x.txt"] != "*******\n" {
		t.Errorf("files %q", d.files)
	}
}
