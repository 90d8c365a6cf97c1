package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/webhook"
)

var secret = []byte("correct horse")

// connections knows "main", which is the default, by one driver.
type connections struct {
	driver  scm.Driver
	secrets [][]byte
}

func (c connections) Lookup(name string) (webhook.Connection, bool) {
	if name != "" && name != "main" {
		return webhook.Connection{}, false
	}
	return webhook.Connection{Name: "main", Driver: c.driver, Secrets: func() [][]byte { return c.secrets }}, true
}

// inbox remembers what was put.
type inbox struct {
	mu     sync.Mutex
	events []scm.Event
	err    error
	ctxErr error
}

func (i *inbox) Put(ctx context.Context, e scm.Event) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ctxErr = ctx.Err()
	if i.err != nil {
		return i.err
	}
	i.events = append(i.events, e)
	return nil
}

func (i *inbox) stored() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.events)
}

// watched is a driver that fails the test when the door opens a client: answering must not call the forge.
type watched struct {
	gitea.Driver
	t testing.TB
}

func (w watched) Open(scm.Account) (*scm.Client, error) {
	w.t.Error("the door opened a forge client")
	return nil, errors.New("not here")
}

const opened = `{"action":"opened","number":7,
 "pull_request":{"number":7,"title":"Add a lamp","user":{"id":3,"login":"alice"},"state":"open","labels":[],
  "html_url":"http://forge.test/acme/app/pulls/7",
  "base":{"label":"main","ref":"main","sha":"1111111111111111111111111111111111111111","repo":{"full_name":"acme/app"}},
  "head":{"label":"lamp","ref":"lamp","sha":"2222222222222222222222222222222222222222","repo":{"full_name":"acme/app"}}},
 "repository":{"full_name":"acme/app","clone_url":"http://forge.test/acme/app.git"},"sender":{"id":3,"login":"alice"}}`

func delivery(path, event, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Gitea-Event", event)
	r.Header.Set("X-Gitea-Delivery", "8f6c0f0a-0000-4000-8000-000000000001")
	r.Header.Set("X-Gitea-Signature", sign(body))
	return r
}

func sign(body string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestHandlerAnswers(t *testing.T) {
	ping := `{"repository":{"full_name":"acme/app"}}`
	cases := map[string]struct {
		request *http.Request
		change  func(*http.Request)
		wants   func(scm.Event) bool
		inbox   error
		status  int
		stored  int
	}{
		"an authentic delivery is stored and acknowledged": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusAccepted, stored: 1},
		"the path without a name is the default connection": {
			request: delivery("/hook", "pull_request", opened), status: http.StatusAccepted, stored: 1},
		"a trailing slash is the default connection too": {
			request: delivery("/hook/", "pull_request", opened), status: http.StatusAccepted, stored: 1},
		"a content type with a charset is JSON": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusAccepted, stored: 1,
			change: func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }},
		"a forged signature is refused": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusUnauthorized,
			change: func(r *http.Request) { r.Header.Set("X-Gitea-Signature", sign("another body")) }},
		"a missing signature is refused": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusUnauthorized,
			change: func(r *http.Request) { r.Header.Del("X-Gitea-Signature") }},
		"a forged body that is not JSON is refused for its signature": {
			request: delivery("/hook/main", "pull_request", "{"), status: http.StatusUnauthorized,
			change: func(r *http.Request) { r.Header.Set("X-Gitea-Signature", sign("{}")) }},
		"an authentic body that is not JSON is malformed": {
			request: delivery("/hook/main", "pull_request", "not json"), status: http.StatusBadRequest},
		"an authentic body without its pull request is malformed": {
			request: delivery("/hook/main", "pull_request", ping), status: http.StatusBadRequest},
		"an unknown event is acknowledged and not stored": {
			request: delivery("/hook/main", "wiki", ping), status: http.StatusOK},
		"an event nobody wants is acknowledged and not stored": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusOK,
			wants: func(scm.Event) bool { return false }},
		"a wish for every event does not store an ignored one": {
			request: delivery("/hook/main", "wiki", ping), status: http.StatusOK,
			wants: func(scm.Event) bool { return true }},
		"an unknown connection is not found": {
			request: delivery("/hook/other", "pull_request", opened), status: http.StatusNotFound},
		"a path below a connection is not found": {
			request: delivery("/hook/main/more", "pull_request", opened), status: http.StatusNotFound},
		"a method other than POST is not allowed": {
			request: httptest.NewRequest(http.MethodGet, "/hook/main", nil), status: http.StatusMethodNotAllowed},
		"a form is the wrong media type": {
			request: delivery("/hook/main", "pull_request", "payload=%7B%7D"), status: http.StatusUnsupportedMediaType,
			change: func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }},
		"no content type is the wrong media type": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusUnsupportedMediaType,
			change: func(r *http.Request) { r.Header.Del("Content-Type") }},
		"an announced body over the limit is too large": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusRequestEntityTooLarge,
			change: func(r *http.Request) { r.ContentLength = 25<<20 + 1 }},
		"a body that ends early is a bad request": {
			request: delivery("/hook/main", "pull_request", opened), status: http.StatusBadRequest,
			change: func(r *http.Request) {
				r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), broken{io.ErrUnexpectedEOF}))
			}},
		"storage that is down asks the forge to send again": {
			request: delivery("/hook/main", "pull_request", opened), inbox: errors.New("etcd is down"),
			status: http.StatusServiceUnavailable},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			box := &inbox{err: tc.inbox}
			handler := webhook.NewHandler(webhook.Options{
				Connections: connections{watched{t: t}, [][]byte{[]byte("former"), secret}}, Inbox: box, Wants: tc.wants})
			if tc.change != nil {
				tc.change(tc.request)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, tc.request)
			if w.Code != tc.status {
				t.Errorf("status = %d, want %d; answer %q", w.Code, tc.status, w.Body)
			}
			if box.stored() != tc.stored {
				t.Errorf("inbox has %d events, want %d", box.stored(), tc.stored)
			}
			if got := w.Header().Get("Allow"); (tc.status == http.StatusMethodNotAllowed) != (got == "POST") {
				t.Errorf("Allow = %q with status %d", got, tc.status)
			}
			if got := w.Header().Get("Retry-After"); (tc.status == http.StatusServiceUnavailable) != (got != "") {
				t.Errorf("Retry-After = %q with status %d", got, tc.status)
			}
		})
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestAForgedSignatureReachesNeitherInboxNorForge(t *testing.T) {
	calls := 0
	forge := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	defer forge.Close()
	body := strings.ReplaceAll(opened, "http://forge.test", forge.URL)
	box := &inbox{}
	handler := webhook.NewHandler(webhook.Options{Connections: connections{watched{t: t}, [][]byte{secret}}, Inbox: box})
	for _, event := range []string{"push", "pull_request", "issue_comment", "pull_request_comment", "nonsense"} {
		r := delivery("/hook/main", event, body)
		r.Header.Set("X-Gitea-Signature", strings.Repeat("0", 64))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: status = %d, want 401", event, w.Code)
		}
	}
	if calls != 0 || box.stored() != 0 {
		t.Errorf("forge got %d calls and the inbox %d events, want none", calls, box.stored())
	}
}

func TestAConnectionWithoutSecretsRefusesEverything(t *testing.T) {
	for name, secrets := range map[string][][]byte{"none configured": nil, "an empty one": {{}}} {
		t.Run(name, func(t *testing.T) {
			handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, secrets}, Inbox: &inbox{}})
			r := delivery("/hook", "pull_request", opened)
			mac := hmac.New(sha256.New, nil)
			mac.Write([]byte(opened))
			r.Header.Set("X-Gitea-Signature", hex.EncodeToString(mac.Sum(nil)))
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("status = %d, want 401", w.Code)
			}
		})
	}
}

func TestTheStoredEventDoesNotShareTheBuffer(t *testing.T) {
	box := &inbox{}
	handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: box})
	for i := range 3 {
		body := strings.ReplaceAll(opened, "alice", fmt.Sprintf("user%d", i))
		handler.ServeHTTP(httptest.NewRecorder(), delivery("/hook", "pull_request", body))
	}
	var got []string
	for _, e := range box.events {
		got = append(got, e.Envelope().Sender.Login)
	}
	if diff := cmp.Diff([]string{"user0", "user1", "user2"}, got); diff != "" {
		t.Errorf("senders (-want +got):\n%s", diff)
	}
}

func TestASenderWhoHangsUpHasStillDelivered(t *testing.T) {
	box := &inbox{}
	handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: box})
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	handler.ServeHTTP(httptest.NewRecorder(), delivery("/hook", "pull_request", opened).WithContext(ctx))
	if box.stored() != 1 || box.ctxErr != nil {
		t.Errorf("inbox has %d events under a context with error %v, want one under a live context", box.stored(), box.ctxErr)
	}
}

// panicking is a driver or an inbox with a bug.
type panicking struct{ gitea.Driver }

func (panicking) Parse(http.Header, []byte, scm.Verification) (scm.Event, error) {
	panic("index out of range")
}
func (panicking) Put(context.Context, scm.Event) error { panic("index out of range") }

func TestAPanicIsAnsweredAndForgotten(t *testing.T) {
	for name, tc := range map[string]struct {
		options webhook.Options
		times   int
	}{
		"in the driver, more often than there is room for bodies": {
			webhook.Options{Connections: connections{panicking{}, nil}, Inbox: &inbox{}}, 2100},
		"in the inbox, more often than there are places": {
			webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: panicking{}}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			handler := webhook.NewHandler(tc.options)
			for range tc.times {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, delivery("/hook", "pull_request", opened))
				if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "index") {
					t.Fatalf("status = %d, %q; want 500 that tells nothing of the inside", w.Code, w.Body)
				}
			}
		})
	}
}

func TestABodyOverTheLimitIsRefusedWithoutHoldingIt(t *testing.T) {
	handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: &inbox{}})
	r := delivery("/hook", "push", "")
	r.Body, r.ContentLength = io.NopCloser(endless{}), -1
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status = %d, want 413", w.Code)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestDeliveriesAreCountedWithoutLabelsFromStrangers(t *testing.T) {
	handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: &inbox{}})
	before := series(t, "pharos_webhook_deliveries_total")
	for i := range 20 {
		handler.ServeHTTP(httptest.NewRecorder(), delivery(fmt.Sprintf("/hook/guess-%d", i), "pull_request", opened))
		handler.ServeHTTP(httptest.NewRecorder(), delivery("/hook", fmt.Sprintf("event-%d", i), `{}`))
	}
	after := series(t, "pharos_webhook_deliveries_total")
	if after == 0 || after > before+2 {
		t.Errorf("40 deliveries of strangers made %d series of %d, want at most 2", after-before, after)
	}
}

func series(t *testing.T, name string) int {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return len(family.GetMetric())
		}
	}
	return 0
}

func BenchmarkAccept(b *testing.B) {
	handler := webhook.NewHandler(webhook.Options{Connections: connections{gitea.Driver{}, [][]byte{secret}}, Inbox: discard{}})
	body := strings.Replace(opened, `"Add a lamp"`, `"Add a lamp","body":"`+strings.Repeat("words of a description ", 600)+`"`, 1)
	header := delivery("/hook/main", "pull_request", body).Header
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/hook/main", strings.NewReader(body))
		r.Header = header
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusAccepted {
			b.Fatalf("status = %d: %s", w.Code, w.Body)
		}
	}
}

type discard struct{}

func (discard) Put(context.Context, scm.Event) error { return nil }
