package gitea_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
)

func TestOpenMakesNoCall(t *testing.T) {
	s := newServer(t)
	s.client(t)
	if len(s.requests) != 0 {
		t.Errorf("Open sent %v", s.requests)
	}
	for name, account := range map[string]scm.Account{
		"a URL that is none":      {URL: "forge.test", HTTP: s.Client()},
		"a URL of another kind":   {URL: "ssh://forge.test", HTTP: s.Client()},
		"a broken URL":            {URL: "http://forge.test:port", HTTP: s.Client()},
		"an account without HTTP": {URL: s.URL},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (gitea.Driver{}).Open(account); err == nil {
				t.Error("Open gave a client")
			}
		})
	}
}

func TestOpenKeepsAPathPrefix(t *testing.T) {
	var path string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		reply(w, http.StatusOK, map[string]any{"permission": "write"})
	}))
	defer s.Close()
	c, err := gitea.Driver{}.Open(scm.Account{URL: s.URL + "/git/", HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Members.IsCollaborator(t.Context(), repo, scm.User{Login: "odd?name#/x"}); err != nil {
		t.Fatal(err)
	}
	if want := "/git/api/v1/repos/acme/app/collaborators/odd%3Fname%23%2Fx/permission"; path != want {
		t.Errorf("path = %s, want %s", path, want)
	}
}

func TestGetPull(t *testing.T) {
	got, err := newServer(t).client(t).Pulls.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	want := &scm.PullRequest{
		Ref: ref, Title: "Add a lamp", Body: "please", Author: scm.User{Login: "alice", ID: "3"},
		Base:   scm.Branch{Name: "main", SHA: strings.Repeat("1", 40), Repo: "acme/app"},
		Head:   scm.Branch{Name: "lamp", SHA: strings.Repeat("2", 40), Repo: "alice/app"},
		Link:   "http://forge.test/acme/app/pulls/7",
		Labels: []string{"lgtm"}, State: scm.StateOpen, Mergeable: scm.MergeableYes, CloneURL: "http://forge.test/acme/app.git",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pull request (-want +got):\n%s", diff)
	}
}

func TestListsPageToTheirEnd(t *testing.T) {
	for _, n := range []int{0, 1, 49, 50, 51, 100, 101} {
		t.Run(fmt.Sprintf("%d files", n), func(t *testing.T) {
			s := newServer(t)
			for i := range n {
				s.files = append(s.files, fmt.Sprintf("dir/%03d.go", i))
			}
			got, err := s.client(t).Pulls.ChangedFiles(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, s.files) {
				t.Errorf("%d files, want %d", len(got), n)
			}
			if want := max(1, (n+49)/50); len(s.requests) != want {
				t.Errorf("%d requests, want %d", len(s.requests), want)
			}
		})
	}
}

func TestAListingWithoutEndIsAnError(t *testing.T) {
	s := newServer(t)
	s.answer["GET /pulls/7/files"] = func(w http.ResponseWriter) {
		w.Header().Set("Link", `<http://forge.test/x?page=2>; rel="next"`)
		reply(w, http.StatusOK, []map[string]any{{"filename": "a"}})
	}
	if _, err := s.client(t).Pulls.ChangedFiles(t.Context(), ref); err == nil {
		t.Error("no error")
	}
	if len(s.requests) != 100 {
		t.Errorf("%d requests, want 100", len(s.requests))
	}
}

func TestCompare(t *testing.T) {
	commit := func(parent string, files ...string) map[string]any {
		list := []map[string]any{}
		for _, f := range files {
			list = append(list, map[string]any{"filename": f, "status": "modified"})
		}
		return map[string]any{"sha": "x", "parents": []map[string]any{{"sha": parent}}, "files": list}
	}
	cases := map[string]struct {
		commits  map[string][]map[string]any
		want     []string
		requests int
	}{
		"commits on top need one call": {
			map[string][]map[string]any{"aa...bb": {commit("mid", "b.go", "a.go"), commit("aa", "a.go")}}, []string{"a.go", "b.go"}, 1},
		"a forced push counts what was lost": {
			map[string][]map[string]any{"aa...bb": {commit("root", "new.go")}, "bb...aa": {commit("root", "old.go")}}, []string{"new.go", "old.go"}, 2},
		"a forced push backwards is all loss": {
			map[string][]map[string]any{"aa...bb": {}, "bb...aa": {commit("bb", "old.go")}}, []string{"old.go"}, 2},
		"a commit without changes changes nothing": {
			map[string][]map[string]any{"aa...bb": {commit("aa")}}, []string{}, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.commits = tc.commits
			got, err := s.client(t).Pulls.Compare(t.Context(), repo, "aa", "bb")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if len(s.requests) != tc.requests {
				t.Errorf("%d requests, want %d", len(s.requests), tc.requests)
			}
		})
	}
	t.Run("a new branch has nothing to compare with", func(t *testing.T) {
		s := newServer(t)
		if _, err := s.client(t).Pulls.Compare(t.Context(), repo, "", "bb"); !errors.Is(err, scm.ErrInvalid) || len(s.requests) != 0 {
			t.Errorf("error %v after %v, want ErrInvalid without a call", err, s.requests)
		}
	})
}

func TestComments(t *testing.T) {
	s := newServer(t)
	c := s.client(t).Comments
	for i := range 60 {
		if _, err := c.Create(t.Context(), ref, fmt.Sprintf("comment %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	s.requests = nil
	all, err := c.List(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 60 || len(s.requests) != 1 {
		t.Fatalf("%d comments by %d requests, want 60 by one: Gitea does not page them", len(all), len(s.requests))
	}
	want := scm.Comment{ID: "1", Body: "comment 0", Author: scm.User{Login: "pharos-bot", ID: "1"}, Created: time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)}
	if diff := cmp.Diff(want, all[0]); diff != "" {
		t.Errorf("first comment (-want +got):\n%s", diff)
	}
	if err := c.Edit(t.Context(), ref, "1", "better"); err != nil || s.comments[0]["body"] != "better" {
		t.Errorf("after the edit comment 1 is %v, error %v", s.comments[0], err)
	}
	for range 2 { // the second time it is gone already
		if err := c.Delete(t.Context(), ref, "1"); err != nil {
			t.Error(err)
		}
	}
	if len(s.comments) != 59 {
		t.Errorf("%d comments left, want 59", len(s.comments))
	}
	if err := c.Edit(t.Context(), ref, "1", "again"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("edit of a deleted comment: %v, want ErrNotFound", err)
	}
}

func TestLabels(t *testing.T) {
	cases := map[string]struct {
		repo, have []string
		act        func(context.Context, scm.Labels) error
		want       []string
		wantRepo   []string
		requests   int
	}{
		"adding one the repository has costs one call": {
			[]string{"lgtm"}, nil, func(ctx context.Context, l scm.Labels) error { return l.Add(ctx, ref, "lgtm") },
			[]string{"lgtm"}, []string{"lgtm"}, 1},
		"adding one that is there already succeeds": {
			[]string{"lgtm"}, []string{"lgtm"}, func(ctx context.Context, l scm.Labels) error { return l.Add(ctx, ref, "lgtm") },
			[]string{"lgtm"}, []string{"lgtm"}, 1},
		"adding an unknown one creates it": {
			[]string{"other"}, nil, func(ctx context.Context, l scm.Labels) error { return l.Add(ctx, ref, "do-not-merge/hold") },
			[]string{"do-not-merge/hold"}, []string{"other", "do-not-merge/hold"}, 4},
		"adding one in another spelling uses the one there is": {
			[]string{"LGTM"}, nil, func(ctx context.Context, l scm.Labels) error { return l.Add(ctx, ref, "lgtm") },
			[]string{"LGTM"}, []string{"LGTM"}, 3},
		"removing works in any spelling": {
			[]string{"LGTM", "hold"}, []string{"LGTM", "hold"}, func(ctx context.Context, l scm.Labels) error { return l.Remove(ctx, ref, "lgtm") },
			[]string{"hold"}, []string{"LGTM", "hold"}, 2},
		"removing an absent one succeeds": {
			[]string{"lgtm"}, nil, func(ctx context.Context, l scm.Labels) error { return l.Remove(ctx, ref, "lgtm") },
			nil, []string{"lgtm"}, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.repoLabels, s.labels = tc.repo, tc.have
			l := s.client(t).Labels
			if err := tc.act(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			if len(s.requests) != tc.requests {
				t.Errorf("requests %v, want %d", s.requests, tc.requests)
			}
			got, err := l.List(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantRepo, s.repoLabels); diff != "" {
				t.Errorf("labels of the repository (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusesListTheNewestOfEachContext(t *testing.T) {
	s := newServer(t)
	c := s.client(t).Statuses
	set := func(context string, state scm.StatusState) {
		t.Helper()
		status := scm.Status{Context: context, State: state, Description: "about " + context, TargetURL: "http://pharos.test/" + context}
		if err := c.Set(t.Context(), repo, "abc", status); err != nil {
			t.Fatal(err)
		}
	}
	set("unit", scm.StatusPending)
	for i := range 60 {
		set(fmt.Sprintf("job-%02d", i), scm.StatusPending)
	}
	set("unit", scm.StatusSuccess)
	s.statuses = append(s.statuses, map[string]any{"id": 100, "context": "other-ci", "status": "warning"})
	got, err := c.List(t.Context(), repo, "abc")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 62 {
		t.Errorf("%d statuses, want 62", len(got))
	}
	want := []scm.Status{
		{Context: "other-ci", State: scm.StatusFailure},
		{Context: "unit", State: scm.StatusSuccess, Description: "about unit", TargetURL: "http://pharos.test/unit"},
	}
	if diff := cmp.Diff(want, got[len(got)-2:]); diff != "" {
		t.Errorf("last two (-want +got):\n%s", diff)
	}
}

func TestMembers(t *testing.T) {
	c := newServer(t).client(t).Members
	for login, want := range map[string]bool{"alice": true, "mallory": false, "private": false} {
		if got, err := c.IsOrgMember(t.Context(), "acme", scm.User{Login: login}); got != want || err != nil {
			t.Errorf("member %s = %v, %v; want %v", login, got, err, want)
		}
	}
	if got, err := c.IsOrgMember(t.Context(), "alice", scm.User{Login: "alice"}); got || err != nil {
		t.Errorf("a user's own account has members: %v, %v", got, err)
	}
	for login, want := range map[string]bool{"owner": true, "admin": true, "write": true, "read": false, "none": false, "nobody": false} {
		if got, err := c.IsCollaborator(t.Context(), repo, scm.User{Login: login}); got != want || err != nil {
			t.Errorf("collaborator %s = %v, %v; want %v", login, got, err, want)
		}
	}
	for login, want := range map[string]bool{"hidden-writer": true, "hidden": false} { // the bot is no administrator here
		if got, err := c.IsCollaborator(t.Context(), repo, scm.User{Login: login}); got != want || err != nil {
			t.Errorf("collaborator %s by the list of assignees = %v, %v; want %v", login, got, err, want)
		}
	}
	for _, login := range []string{"", ".", ".."} {
		if _, err := c.IsOrgMember(t.Context(), "acme", scm.User{Login: login}); !errors.Is(err, scm.ErrInvalid) {
			t.Errorf("member %q: %v, want ErrInvalid", login, err)
		}
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
		"a missing pull request":        {status(404, "not found"), scm.ErrNotFound, "not found"},
		"a wrong token":                 {status(401, "invalid token"), scm.ErrForbidden, "invalid token"},
		"a right that is missing":       {status(403, "write permission is required"), scm.ErrForbidden, "write permission"},
		"a conflict":                    {status(409, "already exists"), scm.ErrConflict, "already exists"},
		"something not mergeable":       {status(405, "please try again later"), scm.ErrConflict, "again later"},
		"an invalid request":            {status(422, "[Color]: Required"), scm.ErrInvalid, "Color"},
		"a server in trouble":           {status(500, ""), scm.ErrTransient, "Internal Server Error"},
		"a failure for a missing thing": {status(500, "issue does not exist [id: 0]"), scm.ErrNotFound, "does not exist"},
		"a proxy without its server": {func(w http.ResponseWriter) {
			w.WriteHeader(502)
			_, _ = w.Write([]byte("<html>bad gateway</html>"))
		}, scm.ErrTransient, "status 502: Bad Gateway"},
		"a rate limit":                 {status(429, "slow down"), scm.ErrTransient, "rate limited until"},
		"an answer over several lines": {status(403, "first\nsecond\x1b[31m"), scm.ErrForbidden, "first second"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET /pulls/7"] = tc.answer
			_, err := s.client(t).Pulls.Get(t.Context(), ref)
			if !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
			for _, part := range []string{"get pull request main:acme/app#7", tc.text} {
				if !strings.Contains(fmt.Sprint(err), part) {
					t.Errorf("error %q does not tell %q", err, part)
				}
			}
			if strings.ContainsAny(fmt.Sprint(err), "\n\x1b") {
				t.Errorf("error %q has control characters", err)
			}
		})
	}
}

func TestARateLimitTellsUntilWhen(t *testing.T) {
	s := newServer(t)
	s.answer["GET /pulls/7"] = func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "120")
		refuse(w, http.StatusTooManyRequests, "slow down")
	}
	before := time.Now()
	_, err := s.client(t).Pulls.Get(t.Context(), ref)
	var limited *scm.RateLimitedError
	if !errors.As(err, &limited) {
		t.Fatalf("error = %v, want RateLimitedError", err)
	}
	if wait := limited.Until.Sub(before); wait < 2*time.Minute || wait > 3*time.Minute {
		t.Errorf("limited for %v, want two minutes", wait)
	}
}

func TestAServerThatIsAwayIsTransient(t *testing.T) {
	s := newServer(t)
	c := s.client(t)
	s.Close()
	if _, err := c.Pulls.Get(t.Context(), ref); !errors.Is(err, scm.ErrTransient) || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("error = %v, want ErrTransient without the token", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Pulls.Get(ctx, ref); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}

func TestAnAnswerThatIsNoJSONIsAnError(t *testing.T) {
	s := newServer(t)
	s.answer["GET /pulls/7"] = func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>sign in</html>")) }
	_, err := s.client(t).Pulls.Get(t.Context(), ref)
	if err == nil || errors.Is(err, scm.ErrTransient) {
		t.Errorf("error = %v, want one that retrying does not mend", err)
	}
}

func TestAWrongTokenIsForbidden(t *testing.T) {
	s := newServer(t)
	c, err := gitea.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL, Credentials: scm.Credentials{Token: "old"}, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Statuses.Set(t.Context(), repo, "abc", scm.Status{Context: "unit", State: scm.StatusSuccess}); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("error = %v, want ErrForbidden", err)
	}
}
