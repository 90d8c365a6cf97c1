package kubelet_test

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
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// node is an API server before a node's files and a pod's log.
type node struct {
	t      *testing.T
	folder string // of the container, on the node
	source kubelet.PodSource
	// before is asked for each request; what it writes is the answer.
	before func(w http.ResponseWriter, r *http.Request)
}

// written tells whether before has answered.
type written struct {
	http.ResponseWriter
	code int
}

func (w *written) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

var nodeRef = logs.ContainerRef{Namespace: "ci", Pod: "p1", UID: "uid", Container: "step-test"}

func newNode(t *testing.T) *node {
	root := t.TempDir()
	n := &node{t: t, folder: filepath.Join(root, "pods", "ci_p1_uid", "step-test")}
	if err := os.MkdirAll(n.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/nodes/n1/proxy/logs/", http.StripPrefix("/api/v1/nodes/n1/proxy/logs/", http.FileServer(http.Dir(root))))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &written{ResponseWriter: w}
		if n.before != nil {
			n.before(answer, r)
		}
		if answer.code == 0 {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	client, err := corev1client.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	n.source = kubelet.PodSource{Pods: client, Nodes: client.RESTClient()}
	return n
}

func (n *node) write(name, text string) {
	n.t.Helper()
	content := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(content); err != nil {
			n.t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			n.t.Fatal(err)
		}
		content = packed.Bytes()
	}
	if err := os.WriteFile(filepath.Join(n.folder, name), content, 0o600); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) rename(from, to string) {
	n.t.Helper()
	if err := os.Rename(filepath.Join(n.folder, from), filepath.Join(n.folder, to)); err != nil {
		n.t.Fatal(err)
	}
}

// rotated is all text of the node's files, or the error.
func (n *node) rotated(since logs.Cursor) (string, error) {
	body, err := n.source.Rotated(n.t.Context(), nodeRef, "n1", since)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return string(text), errors.Join(err, body.Close())
}

const (
	oldest = "2026-01-02T10:00:00.1Z stdout F one\n2026-01-02T10:00:00.2Z stderr P two, \n"
	older  = "2026-01-02T10:00:01.123456789Z stderr F its end\r\n2026-01-02T10:00:02Z stdout P:x \n"
	now    = "2026-01-02T11:00:03.5+01:00 stdout F three\n2026-01-02T10:00:04.5Z stdout F \n2026-01-02T10:00:05Z std"
	whole  = "2026-01-02T10:00:00.100000000Z one\n2026-01-02T10:00:00.200000000Z two, its end\r\n2026-01-02T10:00:02.000000000Z " +
		"2026-01-02T11:00:03.500000000+01:00 three\n2026-01-02T10:00:04.500000000Z \n"
)

func TestRotatedFilesOfANode(t *testing.T) {
	n := newNode(t)
	n.write("0.log.20260102-100001.gz", oldest)
	n.write("0.log.20260102-100002", older)
	n.write("0.log", now)
	n.write("0.log.20260102-100002.gz.tmp", "half")
	n.write("1.log", "2026-01-02T10:00:09Z stdout F another instance\n")
	got, err := n.rotated(logs.Cursor{})
	if diff := cmp.Diff(whole, got); diff != "" || err != nil {
		t.Errorf("text (-want +got):\n%s\n%v", diff, err)
	}
	since := time.Date(2026, 1, 2, 10, 0, 3, 0, time.UTC).Unix()
	got, err = n.rotated(logs.Cursor{Second: since})
	if diff := cmp.Diff(whole[strings.Index(whole, "2026-01-02T11"):], got); diff != "" || err != nil {
		t.Errorf("text since a second (-want +got):\n%s\n%v", diff, err)
	}
	got, err = n.rotated(logs.Cursor{Instance: 1})
	if want := "2026-01-02T10:00:09.000000000Z another instance\n"; got != want || err != nil {
		t.Errorf("text of another instance is %q, %v", got, err)
	}
}

func TestFilesThatAreRotatedWhileTheyAreRead(t *testing.T) {
	for name, change := range map[string]func(*node, string, int){
		"the newest between the listing and its opening": func(n *node, file string, request int) {
			if file == "0.log" && request == 2 {
				n.rename("0.log", "0.log.20260102-100003")
				n.write("0.log", "2026-01-02T10:00:06Z stdout F four\n")
			}
		},
		"one is compressed": func(n *node, file string, _ int) {
			if file == "0.log.20260102-100002" {
				n.write(file+".gz", older)
				n.rename(file, "gone")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.write("0.log.20260102-100001.gz", oldest)
			n.write("0.log.20260102-100002", older)
			n.write("0.log", now[:strings.LastIndexByte(now, '\n')+1])
			requests := 0
			n.before = func(_ http.ResponseWriter, r *http.Request) {
				requests++
				change(n, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], requests)
			}
			got, err := n.rotated(logs.Cursor{})
			if diff := cmp.Diff(whole, strings.TrimSuffix(got, "2026-01-02T10:00:06.000000000Z four\n")); diff != "" || err != nil {
				t.Errorf("text (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func TestANodeThatMayNotBeRead(t *testing.T) {
	n := newNode(t)
	n.before = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }
	if _, err := n.rotated(logs.Cursor{}); !errors.Is(err, kubelet.ErrForbidden) || !strings.Contains(err.Error(), "nodes/proxy") {
		t.Errorf("error is %v", err)
	}
	n.source.Nodes = nil
	if _, err := n.rotated(logs.Cursor{}); !errors.Is(err, kubelet.ErrForbidden) {
		t.Errorf("without a client the error is %v", err)
	}
	n = newNode(t)
	if _, err := n.rotated(logs.Cursor{}); err == nil || !strings.Contains(err.Error(), "0.log of node n1") {
		t.Errorf("without a file the error is %v", err)
	}
}

func TestAPodIsGoneWhenTheAPIServerSaysSo(t *testing.T) {
	for name, tc := range map[string]struct {
		pod  string // the API server's answer
		code int
		gone bool
	}{
		"it has none of the name":              {`{"kind":"Status","reason":"NotFound","code":404}`, http.StatusNotFound, true},
		"it has another of the name":           {`{"kind":"Pod","metadata":{"name":"p1","uid":"later"}}`, http.StatusOK, true},
		"it has the pod, the kubelet does not": {`{"kind":"Pod","metadata":{"name":"p1","uid":"uid"}}`, http.StatusOK, false},
		"it does not say":                      {`{"kind":"Status","reason":"Forbidden","code":403}`, http.StatusForbidden, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.before = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				code, answer := tc.code, tc.pod
				if strings.HasSuffix(r.URL.Path, "/log") {
					code, answer = http.StatusNotFound, `{"kind":"Status","reason":"NotFound","code":404}`
				}
				w.WriteHeader(code)
				_, _ = io.WriteString(w, answer)
			}
			_, err := n.source.Follow(t.Context(), nodeRef, logs.Cursor{})
			if err == nil || errors.Is(err, storage.ErrNotExist) != tc.gone {
				t.Errorf("error %v; want the pod to be gone: %v", err, tc.gone)
			}
		})
	}
}

func TestThePreviousInstance(t *testing.T) {
	n := newNode(t)
	var asked string
	code := http.StatusOK
	n.before = func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path + "?" + r.URL.RawQuery
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "text") // the client may have gone
	}
	body, err := n.source.Previous(t.Context(), nodeRef, logs.Cursor{Second: 1767348000})
	if err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	want := "/api/v1/namespaces/ci/pods/p1/log?container=step-test&previous=true&sinceTime=2026-01-02T10%3A00%3A00Z&timestamps=true"
	if asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
	for _, code = range []int{http.StatusBadRequest, http.StatusNotFound} {
		if _, err := n.source.Previous(t.Context(), nodeRef, logs.Cursor{}); !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("error of %d is %v", code, err)
		}
	}
}

func TestTheHeadOfTheNewestFile(t *testing.T) {
	n := newNode(t)
	var asked, text string
	code := http.StatusOK
	n.before = func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path + "?" + r.URL.RawQuery
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text) // the client may have gone
	}
	head := time.Date(2026, 1, 2, 10, 0, 0, 123456789, time.UTC).UnixNano()
	for name, tc := range map[string]struct {
		text string
		want int64
	}{
		"in UTC":          {"2026-01-02T10:00:00.123456789Z begin", head},
		"in another zone": {"2026-01-02T11:00:00.123456789+01:00 ", head},
		"of no line":      {"", 0},
		"of an error":     {"failed to watch directory \"/var/log\": ", 0},
	} {
		text = tc.text
		if got, err := n.source.Head(t.Context(), nodeRef); got != tc.want || err != nil {
			t.Errorf("head %s is %d, %v, want %d", name, got, err, tc.want)
		}
	}
	if want := "/api/v1/namespaces/ci/pods/p1/log?container=step-test&limitBytes=36&timestamps=true"; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
	code = http.StatusInternalServerError
	if _, err := n.source.Head(t.Context(), nodeRef); err == nil {
		t.Error("an answer of 500 is no error")
	}
}
