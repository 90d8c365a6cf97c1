package dashboard_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/logs"
)

type sse struct{ id, name, data, retry, comment string }

// reader is a client of one stream.
type reader struct {
	t    *testing.T
	body *bufio.Reader
	stop func()
}

func fast(t *testing.T, l *lab) (server *httptest.Server, drain func()) {
	t.Helper()
	h, drain := dashboard.Fast(l.deps())
	server = httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server, drain
}

func open(t *testing.T, server *httptest.Server, path, lastID string) *reader {
	t.Helper()
	return dial(t, server.Client(), server.URL+path, lastID)
}

func dial(t *testing.T, client *http.Client, url, lastID string) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() }) // the server may be gone already
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	return &reader{t: t, body: bufio.NewReader(answer.Body), stop: cancel}
}

// next is the next event, hint or comment; false at the end of the stream.
func (r *reader) next() (e sse, ok bool) {
	r.t.Helper()
	for {
		line, err := r.body.ReadString('\n')
		if err == io.EOF {
			return e, false
		}
		if err != nil {
			r.t.Fatalf("read stream: %v", err)
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			return e, true
		}
		field, value, _ := strings.Cut(line, ": ")
		*map[string]*string{"id": &e.id, "event": &e.name, "data": &e.data, "retry": &e.retry, "": &e.comment}[field] = value
	}
}

// skip is the next event, whatever hints and comments come before it.
func (r *reader) skip() sse {
	r.t.Helper()
	for {
		e, ok := r.next()
		if !ok {
			r.t.Fatal("the stream ended")
		}
		if e.name != "" {
			return e
		}
	}
}

// until reads on to an event and returns the lines in between, as "task/step:number text".
func (r *reader) until(name string) (lines []string, found sse) {
	r.t.Helper()
	for {
		e, ok := r.next()
		if !ok {
			r.t.Fatalf("the stream ended before %q", name)
		}
		if e.name == "line" {
			var line struct {
				Task, Step, Text string
				Number           int
			}
			if err := json.Unmarshal([]byte(e.data), &line); err != nil {
				r.t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s/%s:%d %s", line.Task, line.Step, line.Number, line.Text))
		}
		if e.name == name {
			return lines, e
		}
	}
}

func TestAPageNeedsNoReloadFromPendingToTheEnd(t *testing.T) {
	l := newLab(t)
	l.add(1, v1alpha1.StateTriggered)
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	_, e := r.until("state")
	if !strings.Contains(e.data, `"state":"triggered"`) {
		t.Errorf("first state %s", e.data)
	}
	l.finish("run-1", pending)
	if _, e = r.until("state"); !strings.Contains(e.data, `"state":"pending"`) {
		t.Errorf("second state %s", e.data)
	}
	l.print("run-1", "build", "clone", "cloning")
	if lines, _ := r.until("step"); len(lines) > 1 {
		t.Errorf("lines %q", lines)
	}
	l.print("run-1", "build", "test", "ok 1", "ok 2")
	l.finish("run-1", success)
	var states []string
	for {
		e, ok := r.next()
		if !ok {
			break
		}
		if e.name == "state" || e.name == "end" {
			states = append(states, e.name)
		}
	}
	if len(states) < 2 || states[len(states)-1] != "end" {
		t.Errorf("the stream ends with %v", states)
	}
}

func TestTheLastThatIsToldOfAStepIsItsEnd(t *testing.T) {
	l := newLab(t)
	l.add(1, success, func(pj *v1alpha1.PipelineJob) { pj.Status.Log.Archived = false })
	l.print("run-1", "build", "test", "ok")
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	if _, e := r.until("step"); !strings.Contains(e.data, `"state":"running"`) {
		t.Errorf("first steps %s", e.data)
	}
	l.change(func() { l.steps["run-1"][0].State = logs.StepSuccess })
	var last string
	for e, ok := r.next(); ok && e.name != "end"; e, ok = r.next() {
		if e.name == "step" {
			last = e.data
		}
	}
	if !strings.Contains(last, `"state":"success"`) {
		t.Errorf("last steps %s", last)
	}
}

func TestAStreamResumesBehindTheLastEvent(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.print("run-1", "build", "clone", "c1", "c2")
	l.print("run-1", "build", "test", "t1", "t2")
	l.print("run-1", "a & b", "x=y", "odd")
	server, _ := fast(t, l)
	whole := []string{"build/clone:1 c1", "build/clone:2 c2", "build/test:1 t1", "build/test:2 t2", "a & b/x=y:1 odd"}
	var ids []string
	first := open(t, server, "/api/v1/runs/run-1/log", "")
	for len(ids) < len(whole) {
		_, e := first.until("line")
		ids = append(ids, e.id)
	}
	for i, id := range ids {
		for name, r := range map[string]*reader{
			"by header": open(t, server, "/api/v1/runs/run-1/log", id),
			"by query":  open(t, server, "/api/v1/runs/run-1/log?after="+strings.NewReplacer("&", "%26", "%", "%25", "=", "%3D", "+", "%2B").Replace(id), ""),
		} {
			lines, _ := r.until("end")
			if diff := cmp.Diff(whole[i+1:], append([]string{}, lines...)); diff != "" {
				t.Errorf("%s behind %q (-want +got):\n%s", name, id, diff)
			}
		}
	}
	for _, id := range []string{"nonsense", "build/test=-1", "build/test=x", "%%%", strings.Repeat("a/b=1&", 5000)} {
		if lines, _ := open(t, server, "/api/v1/runs/run-1/log", id).until("end"); len(lines) != len(whole) {
			t.Errorf("the id %.20q gives %d lines, want all", id, len(lines))
		}
	}
}

func TestLinesAreSafeToShow(t *testing.T) {
	l := newLab(t)
	l.add(1, success)
	l.print("run-1", "build", "test", "<script>alert(1)</script>\x1b[31m red\x1b[0m", "id: 99\nevent: end", "50%\r100%", strings.Repeat("x", 20000))
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	lines, _ := r.until("end")
	want := []string{"build/test:1 <script>alert(1)</script>\x1b[31m red\x1b[0m", "build/test:2 id: 99event: end", "build/test:3 100%"}
	if diff := cmp.Diff(want, lines[:3]); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if n := len(lines[3]); n > 9000 || !strings.HasSuffix(lines[3], "[cut; the raw log has the whole line]") {
		t.Errorf("a line of 20,000 characters becomes one of %d", n)
	}
	_, e := open(t, server, "/api/v1/runs/run-1/log", "").until("line")
	if strings.Contains(e.data, "<") {
		t.Errorf("markup in %s", e.data)
	}
}

func TestARunThatNeverBeganEnds(t *testing.T) {
	l := newLab(t)
	l.add(1, v1alpha1.StateAborted)
	server, _ := fast(t, l)
	if lines, _ := open(t, server, "/api/v1/runs/run-1/log", "").until("end"); len(lines) != 0 {
		t.Errorf("lines %q", lines)
	}
}

func TestARunThatIsDeletedMeanwhileEnds(t *testing.T) {
	l := newLab(t)
	pj := l.add(1, pending)
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	r.until("state")
	if err := l.cluster.Delete(t.Context(), pj); err != nil {
		t.Fatal(err)
	}
	l.change(func() {})
	if _, e := r.until("state"); !strings.Contains(e.data, "deleted before it ended") {
		t.Errorf("last state %s", e.data)
	}
	r.until("end")
}

func TestAFaultOfTheStoreIsToldAndOvercome(t *testing.T) {
	l := newLab(t)
	l.broken = 2
	l.add(1, pending)
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	if _, e := r.until("trouble"); !strings.Contains(e.data, "cannot be read") || strings.Contains(e.data, "bucket") {
		t.Errorf("trouble %s", e.data)
	}
	l.print("run-1", "build", "test", "hello")
	l.finish("run-1", success)
	if lines, _ := r.until("end"); len(lines) != 1 {
		t.Errorf("lines %q", lines)
	}
}

func TestAFinishedRunWhoseLogStaysUnreadableEnds(t *testing.T) {
	l := newLab(t)
	l.broken = 1000
	l.add(1, success)
	server, _ := fast(t, l)
	open(t, server, "/api/v1/runs/run-1/log", "").until("end")
}

func TestUnknownRunsHaveNoStream(t *testing.T) {
	if w := get(t, newLab(t), "/api/v1/runs/none/log"); w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAStreamEndsWithItsClient(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	r.until("state")
	l.await("a follower", func() bool { return l.followers == 1 })
	r.stop()
	l.await("no follower", func() bool { return l.followers == 0 })
}

// stuck is a client that takes nothing until it breaks.
type stuck struct {
	*httptest.ResponseRecorder
	entered, broken chan struct{}
}

func (s *stuck) Write([]byte) (int, error) {
	s.entered <- struct{}{}
	<-s.broken
	return 0, io.ErrClosedPipe
}

func TestASlowClientKeepsNobodyWaiting(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	l.print("run-1", "build", "test", make([]string, 5000)...)
	h, _ := dashboard.Fast(l.deps())
	slow := &stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(slow, httptest.NewRequest(http.MethodGet, "/api/v1/runs/run-1/log", nil))
	}()
	<-slow.entered
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	quick := open(t, server, "/api/v1/runs/run-1/log", "")
	l.finish("run-1", success)
	if lines, _ := quick.until("end"); len(lines) != 5000 {
		t.Errorf("the quick client got %d lines", len(lines))
	}
	l.await("the slow one's follower, which waits for room", func() bool { return l.followers == 1 })
	close(slow.broken)
	<-done
	l.await("no follower", func() bool { return l.followers == 0 })
}

func TestASilentStreamStaysOpenBeyondTheServersTimeouts(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	h, _ := dashboard.Fast(l.deps())
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 20*time.Millisecond, 20*time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	for beats := 0; beats < 30; {
		e, ok := r.next()
		if !ok {
			t.Fatalf("the stream ended after %d heartbeats", beats)
		}
		if e.comment != "" {
			beats++
		}
	}
	l.finish("run-1", success)
	r.until("end")
}

func TestDrainingEndsStreamsWithAHint(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	server, drain := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	r.until("state")
	drain()
	retry := ""
	for {
		e, ok := r.next()
		if !ok {
			break
		}
		if e.name == "end" {
			t.Error("the browser is told that there is no more to come")
		}
		if e.retry != "" {
			retry = e.retry
		}
	}
	if ms, err := strconv.Atoi(retry); err != nil || ms > 1000 {
		t.Errorf("retry hint %q", retry)
	}
	l.await("no follower", func() bool { return l.followers == 0 })
}

func TestThereIsRoomForSoManyStreams(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	h, drain := dashboard.Fast(l.deps())
	done := make(chan struct{})
	for range dashboard.FewStreams {
		go func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v1/runs/run-1/log", nil))
			done <- struct{}{}
		}()
	}
	l.await("all followers", func() bool { return l.followers == dashboard.FewStreams })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/runs/run-1/log", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more: %d %v", w.Code, w.Header())
	}
	drain()
	for range dashboard.FewStreams {
		<-done
	}
}

func TestTheServerDrains(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- dashboard.ServeOn(ctx, l.deps(), listener) }()
	r := dial(t, http.DefaultClient, "http://"+listener.Addr().String()+"/api/v1/runs/run-1/log", "")
	r.until("state")
	stop()
	for {
		if _, ok := r.next(); !ok {
			break
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestAServerWithoutItsPortSaysSo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // nothing was accepted
	s := dashboard.NewServer(listener.Addr().String(), newLab(t).deps())
	if err := s.Start(t.Context()); err == nil || s.NeedLeaderElection() {
		t.Errorf("error %v, needs election %v", err, s.NeedLeaderElection())
	}
}
