package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/github"
)

var ref = scm.PullRef{Repo: repo, Number: 7}

// server answers by "METHOD /path" below the API and keeps what it was asked.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	answers  map[string]http.HandlerFunc
}

func newServer(t *testing.T, answers map[string]http.HandlerFunc) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/api/v3")
		s.mu.Lock()
		s.requests = append(s.requests, call)
		s.mu.Unlock()
		answer, ok := s.answers[call]
		if !ok {
			reply(w, http.StatusNotFound, object{"message": "Not Found"})
			return
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func reply(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a broken connection fails the test elsewhere
}

func says(status int, v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, status, v) }
}

func (s *server) open(t *testing.T, proof scm.Credentials) *scm.Client {
	t.Helper()
	c, err := github.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL, Credentials: proof, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRefusalsOfAMergeAreToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		message string
		want    error
	}{
		"the head moved":       {http.StatusConflict, "Head branch was modified. Review and try the merge again.", scm.ErrHeadMoved},
		"conflicts":            {http.StatusMethodNotAllowed, "Pull Request is not mergeable", scm.ErrNotMergeable},
		"the base moved":       {http.StatusMethodNotAllowed, "Base branch was modified. Review and try the merge again.", scm.ErrConflict},
		"no right":             {http.StatusForbidden, "Resource not accessible by integration", scm.ErrForbidden},
		"a limit of the token": {http.StatusForbidden, "You have exceeded a secondary rate limit", scm.ErrTransient},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, map[string]http.HandlerFunc{"PUT /repos/acme/app/pulls/7/merge": says(tc.status, object{"message": tc.message})})
			_, err := s.open(t, scm.Credentials{Token: "t"}).Merges.Merge(t.Context(), ref, scm.Merge{SHA: two, Method: scm.MergeSquash})
			if moved := name == "the head moved"; !errors.Is(err, tc.want) || errors.Is(err, scm.ErrHeadMoved) != moved {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAComparisonThatIsCutIsNotGuessed(t *testing.T) {
	files := make([]object, 300)
	for i := range files {
		files[i] = object{"filename": fmt.Sprint(i)}
	}
	s := newServer(t, map[string]http.HandlerFunc{
		"GET /repos/acme/app/compare/" + one + "..." + two: says(http.StatusOK, object{"status": "ahead", "files": files}),
		"GET /repos/acme/app/compare/" + two + "..." + one: says(http.StatusOK, object{"status": "diverged", "files": files[:1]}),
	})
	c := s.open(t, scm.Credentials{Token: "t"})
	if _, err := c.Pulls.Compare(t.Context(), repo, one, two); !errors.Is(err, scm.ErrIncomplete) {
		t.Errorf("error %v, want ErrIncomplete", err)
	}
	if _, err := c.Pulls.Compare(t.Context(), repo, two, one); !errors.Is(err, scm.ErrIncomplete) { // what was lost is cut
		t.Errorf("error %v, want ErrIncomplete", err)
	}
}

func TestFailedDeliveriesAreThoseThatNoLaterAttemptBrought(t *testing.T) {
	at := func(minutes int) string {
		return time.Date(2026, 1, 1, 0, minutes, 0, 0, time.UTC).Format(time.RFC3339)
	}
	s := newServer(t, nil)
	const path = "GET /repos/acme/app/hooks/4/deliveries"
	s.answers = map[string]http.HandlerFunc{path: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			w.Header().Set("Link", `<https://x.test/?cursor=next>; rel="next"`)
			reply(w, http.StatusOK, []object{
				{"id": 6, "guid": "a", "delivered_at": at(9), "status_code": 200}, {"id": 5, "guid": "b", "delivered_at": at(8), "status_code": 502},
			})
			return
		}
		reply(w, http.StatusOK, []object{
			{"id": 4, "guid": "a", "delivered_at": at(7), "status_code": 0}, {"id": 3, "guid": "c", "delivered_at": at(6), "status_code": 0},
			{"id": 2, "guid": "d", "delivered_at": at(1), "status_code": 500},
		})
	}}
	on := scm.HookTarget(repo)
	got, err := s.open(t, scm.Credentials{Token: "t"}).Hooks.Failed(t.Context(), on, "4", time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range got {
		ids = append(ids, d.ID)
	}
	if !slices.Equal(ids, []string{"3", "5"}) {
		t.Errorf("failed are %q, want 3 and 5, oldest first", ids)
	}
}

func appKey(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func TestAnAppHasATokenOfItsOwnForEachOwner(t *testing.T) {
	s := newServer(t, nil)
	expires := time.Now().Add(time.Hour)
	made := 0
	token := func(w http.ResponseWriter, r *http.Request) {
		if strings.Count(r.Header.Get("Authorization"), ".") != 2 {
			t.Errorf("a token is asked for with %q", r.Header.Get("Authorization"))
		}
		made++
		reply(w, http.StatusCreated, object{"token": fmt.Sprint("token-", made), "expires_at": expires})
	}
	var with []string
	labels := func(w http.ResponseWriter, r *http.Request) {
		with = append(with, r.Header.Get("Authorization"))
		reply(w, http.StatusOK, []object{})
	}
	s.answers = map[string]http.HandlerFunc{
		"GET /users/acme/installation": says(http.StatusOK, object{"id": 11}), "GET /users/other/installation": says(http.StatusOK, object{"id": 12}),
		"POST /app/installations/11/access_tokens": token, "POST /app/installations/12/access_tokens": token,
		"GET /repos/acme/app/labels": labels, "GET /repos/other/app/labels": labels,
	}
	c := s.open(t, scm.Credentials{AppID: 42, AppKey: appKey(t)})
	other := scm.Repo{Connection: "main", Org: "other", Name: "app"}
	for _, r := range []scm.Repo{repo, repo, other, repo} {
		if _, err := c.Labels.Defined(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-1"}; !slices.Equal(with, want) {
		t.Errorf("called with %q, want %q", with, want)
	}
	expires, with = time.Now().Add(time.Minute), nil // too soon for a call that takes long
	fresh := s.open(t, scm.Credentials{AppID: 42, AppKey: appKey(t)})
	for range 2 {
		if _, err := fresh.Labels.Defined(t.Context(), repo); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"Bearer token-3", "Bearer token-4"}; !slices.Equal(with, want) {
		t.Errorf("called with %q, want %q", with, want)
	}
	if token, err := c.GitToken(t.Context(), "other"); err != nil || token != "token-2" {
		t.Errorf("git logs in with %q, %v; want the token of the same owner", token, err)
	}
	if _, err := fresh.Labels.Defined(t.Context(), scm.Repo{Org: "elsewhere", Name: "app"}); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("where the App is not installed: %v", err)
	}
}

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	for name, proof := range map[string]scm.Credentials{
		"a token and an App":    {Token: "t", AppID: 1, AppKey: appKey(t)},
		"an App without a key":  {AppID: 1},
		"a key that is not PEM": {AppID: 1, AppKey: []byte("key")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (github.Driver{}).Open(scm.Account{URL: "https://github.com", Credentials: proof, HTTP: http.DefaultClient}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestTheAPIOfGitHubComIsOnAHostOfItsOwn(t *testing.T) {
	for base, want := range map[string]string{"https://github.com": "https://api.github.com/repos/acme/app", "https://ghe.test": "https://ghe.test/api/v3/repos/acme/app"} {
		var asked string
		c, err := github.Driver{}.Open(scm.Account{URL: base, HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.String()
			return nil, errors.New("no network")
		})}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Repositories.Get(t.Context(), repo); !errors.Is(err, scm.ErrTransient) || asked != want {
			t.Errorf("asked %s, %v; want %s", asked, err, want)
		}
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
