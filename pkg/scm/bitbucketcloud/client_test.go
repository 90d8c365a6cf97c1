package bitbucketcloud_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"
)

func TestOpenMakesNoCall(t *testing.T) {
	s := newServer(t)
	token := scm.Credentials{Token: "t0ken"}
	s.client(t)
	if len(s.requests) != 0 {
		t.Errorf("Open sent %v", s.requests)
	}
	for name, account := range map[string]scm.Account{
		"a URL that is none":      {URL: "forge.test", HTTP: s.Client(), Credentials: token},
		"an account without HTTP": {URL: s.URL, Credentials: token},
		"no credentials":          {URL: s.URL, HTTP: s.Client()},
		"a user without a token":  {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{User: "bot@acme.test"}},
		"half a consumer":         {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{ClientID: "consumer"}},
		"a token and a consumer":  {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{Token: "t", ClientID: "consumer", ClientSecret: "s"}},
		"an app":                  {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{Token: "t", AppID: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (bitbucketcloud.Driver{}).Open(account); err == nil {
				t.Error("Open gave a client")
			}
		})
	}
}

// hosts answers nothing and remembers who was asked.
type hosts []string

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	*h = append(*h, r.URL.Scheme+"://"+r.URL.Host+r.URL.Path)
	return nil, errors.New("nobody is there")
}

func TestTheCloudHasAnAddressOfItsOwnForTheAPI(t *testing.T) {
	for name, tc := range map[string]struct {
		site        string
		credentials scm.Credentials
		want        string
	}{
		"the cloud":          {"https://bitbucket.org", scm.Credentials{Token: "t"}, "https://api.bitbucket.org/2.0/repositories/acme/app"},
		"a proxy":            {"https://proxy.test/bb/", scm.Credentials{Token: "t"}, "https://proxy.test/bb/2.0/repositories/acme/app"},
		"the cloud's grants": {"https://bitbucket.org", scm.Credentials{ClientID: "c", ClientSecret: "s"}, "https://bitbucket.org/site/oauth2/access_token"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked hosts
			c, err := bitbucketcloud.Driver{}.Open(scm.Account{URL: tc.site, Credentials: tc.credentials, HTTP: &http.Client{Transport: &asked}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Repositories.Get(t.Context(), repo); !errors.Is(err, scm.ErrTransient) {
				t.Errorf("error = %v, want ErrTransient", err)
			}
			if len(asked) != 1 || asked[0] != tc.want {
				t.Errorf("asked %v, want %s", asked, tc.want)
			}
		})
	}
}

func TestAnAPITokenGoesWithItsUser(t *testing.T) {
	s := newServer(t)
	s.proof = "Basic Ym90QGFjbWUudGVzdDp0MGtlbg==" // bot@acme.test:t0ken
	c, err := s.open(scm.Credentials{User: "bot@acme.test", Token: "t0ken"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pulls.Get(t.Context(), ref); err != nil {
		t.Error(err)
	}
}

func TestAConsumerGetsOneTokenForAll(t *testing.T) {
	s := newServer(t)
	c, err := s.open(scm.Credentials{ClientID: "consumer", ClientSecret: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.Pulls.Get(t.Context(), ref); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if token, err := c.GitToken(t.Context(), "acme"); err != nil || token == "" || "Bearer "+token != s.proof {
		t.Errorf("git logs in with %q, %v; want the token of the API", token, err)
	}
	if s.grants != 1 {
		t.Errorf("%d tokens were granted, want 1", s.grants)
	}
}

func TestAnEndedTokenIsRenewed(t *testing.T) {
	s := newServer(t)
	s.expiresIn = 0
	c, err := s.open(scm.Credentials{ClientID: "consumer", ClientSecret: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.Statuses.List(t.Context(), repo, headSHA); err != nil {
			t.Fatal(err)
		}
	}
	if s.grants != 2 {
		t.Errorf("%d tokens were granted, want 2", s.grants)
	}
	c, err = s.open(scm.Credentials{ClientID: "consumer", ClientSecret: "wrong"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Statuses.List(t.Context(), repo, headSHA); !errors.Is(err, scm.ErrForbidden) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("error = %v, want ErrForbidden without the secret", err)
	}
}

func TestListsPageToTheirEnd(t *testing.T) {
	for _, n := range []int{0, 1, 499, 500, 501, 1001} {
		t.Run(fmt.Sprintf("%d files", n), func(t *testing.T) {
			s := newServer(t)
			for i := range n {
				s.files = append(s.files, object{"new": object{"path": fmt.Sprintf("dir/%03d.go", i)}, "old": object{"path": "former"}})
			}
			got, err := s.client(t).Pulls.Compare(t.Context(), repo, baseSHA, headSHA)
			if err != nil {
				t.Fatal(err)
			}
			if want := n + min(n, 1); len(got) != want { // "former" once
				t.Errorf("%d files, want %d", len(got), want)
			}
			if want := max(1, (n+499)/500); len(s.requests) != want {
				t.Errorf("%d requests, want %d", len(s.requests), want)
			}
		})
	}
}

func TestNoPageOfAnotherServerIsRead(t *testing.T) {
	other := newServer(t)
	for name, next := range map[string]string{
		"another port":   other.URL + "/2.0/repositories/acme/app/commit/x/statuses",
		"another scheme": "https://forge.test/2.0/x",
		"no address":     "http://%zz",
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET /commit/"+headSHA+"/statuses"] = func(w http.ResponseWriter) {
				reply(w, http.StatusOK, object{"values": []object{{"key": "unit"}}, "next": next})
			}
			if _, err := s.client(t).Statuses.List(t.Context(), repo, headSHA); err == nil {
				t.Error("no error")
			}
			if len(other.requests) != 0 {
				t.Errorf("the other server was asked %v", other.requests)
			}
		})
	}
}

func TestAListingWithoutEndIsAnError(t *testing.T) {
	s := newServer(t)
	path := "/2.0/repositories/acme/app/commit/" + headSHA + "/statuses"
	s.answer["GET /commit/"+headSHA+"/statuses"] = func(w http.ResponseWriter) {
		reply(w, http.StatusOK, object{"values": []object{{"key": "unit"}}, "next": s.URL + path})
	}
	if _, err := s.client(t).Statuses.List(t.Context(), repo, headSHA); err == nil || len(s.requests) != 100 {
		t.Errorf("error %v after %d requests, want one after 100", err, len(s.requests))
	}
}

func TestErrorsAreTyped(t *testing.T) {
	status := func(code int, message string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { refuse(w, code, message) }
	}
	cases := map[string]struct {
		answer func(http.ResponseWriter)
		want   error
		text   string
	}{
		"a missing pull request":  {status(404, "Resource not found"), scm.ErrNotFound, "Resource not found"},
		"a wrong token":           {status(401, "Token is invalid"), scm.ErrForbidden, "Token is invalid"},
		"a right that is missing": {status(403, "Access denied"), scm.ErrForbidden, "Access denied"},
		"a conflict":              {status(409, "already exists"), scm.ErrConflict, "already exists"},
		"an invalid request":      {status(400, "title: required"), scm.ErrInvalid, "title: required"},
		"a call that took long":   {status(555, "timed out"), scm.ErrTransient, "timed out"},
		"a rate limit":            {status(429, "Rate limit for this resource has been exceeded"), scm.ErrTransient, "rate limited until"},
		"a proxy without its server": {func(w http.ResponseWriter) {
			w.WriteHeader(502)
			_, _ = w.Write([]byte("<html>bad gateway</html>"))
		}, scm.ErrTransient, "status 502: Bad Gateway"},
		"a refusal with a detail": {func(w http.ResponseWriter) {
			reply(w, 400, object{"error": object{"message": "Bad request", "detail": "no such\nbranch", "fields": object{"source": []string{"x"}}}})
		}, scm.ErrInvalid, "Bad request; no such branch"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET /pullrequests/7"] = tc.answer
			_, err := s.client(t).Pulls.Get(t.Context(), ref)
			if !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
			for _, part := range []string{"get pull request main:acme/app#7", tc.text} {
				if !strings.Contains(fmt.Sprint(err), part) {
					t.Errorf("error %q does not tell %q", err, part)
				}
			}
		})
	}
}
