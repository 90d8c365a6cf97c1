package webhook_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/webhook"
)

// slow is an inbox that holds every event until it is let go.
type slow struct {
	entered chan struct{}
	letGo   chan struct{}
}

func newSlow() *slow { return &slow{make(chan struct{}, 1000), make(chan struct{})} }

func (s *slow) Put(ctx context.Context, _ scm.Event) error {
	s.entered <- struct{}{}
	select {
	case <-s.letGo:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestTooManyDeliveriesAtOnceAreSentAway(t *testing.T) {
	box := newSlow()
	handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: box})
	const places = 256
	var wg sync.WaitGroup
	for range places {
		wg.Go(func() { handler.ServeHTTP(httptest.NewRecorder(), delivery("/hook", "pull_request", opened)) })
	}
	for range places {
		<-box.entered
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, delivery("/hook", "pull_request", opened))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("status = %d, Retry-After = %q; want 503 and a time", w.Code, w.Header().Get("Retry-After"))
	}
	close(box.letGo)
	wg.Wait()
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, delivery("/hook", "pull_request", opened))
	if w.Code != http.StatusAccepted {
		t.Errorf("status = %d once there is room again, want 202", w.Code)
	}
}

func serve(t *testing.T, handler http.Handler) (url string, stop context.CancelFunc, done chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	server := &webhook.Server{HTTP: webhook.NewServer("", handler), Listener: listener}
	if server.NeedLeaderElection() {
		t.Error("only the leader would take deliveries")
	}
	done = make(chan error, 1)
	go func() { done <- server.Start(ctx) }()
	return "http://" + listener.Addr().String(), stop, done
}

func send(t *testing.T, url, body string) (int, error) {
	t.Helper()
	r := delivery("/hook", "pull_request", body)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/hook/main", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = r.Header
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func TestServerFinishesWhatHasBegun(t *testing.T) {
	box := newSlow()
	url, stop, done := serve(t, webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: box}))
	status := make(chan int, 1)
	go func() {
		code, err := send(t, url, opened)
		if err != nil {
			t.Error(err)
		}
		status <- code
	}()
	<-box.entered
	stop()
	for { // until the door is shut
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	select {
	case err := <-done:
		t.Fatalf("server ended with %v while a delivery was in flight", err)
	default:
	}
	close(box.letGo)
	if code := <-status; code != http.StatusAccepted {
		t.Errorf("status = %d, want 202", code)
	}
	if err := <-done; err != nil {
		t.Errorf("server ended with %v", err)
	}
}

func TestServerAnswersOverTheWire(t *testing.T) {
	box := &inbox{}
	url, stop, done := serve(t, webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: box}))
	large := strings.Replace(opened, "Add a lamp", strings.Repeat("lamp ", 400_000), 1) // 2 MB
	for _, body := range []string{opened, large} {
		if code, err := send(t, url, body); code != http.StatusAccepted || err != nil {
			t.Errorf("%d bytes: status = %d, %v; want 202", len(body), code, err)
		}
	}
	if code, err := send(t, url, strings.Repeat(" ", 25<<20+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over 25 MiB: status = %d, %v; want 413", code, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("server ended with %v", err)
	}
	if box.stored() != 2 {
		t.Errorf("inbox has %d events, want 2", box.stored())
	}
}

func TestServerReportsAnAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	server := &webhook.Server{HTTP: webhook.NewServer(taken.Addr().String(), http.NotFoundHandler())}
	if err := server.Start(t.Context()); err == nil {
		t.Error("no error")
	}
}
