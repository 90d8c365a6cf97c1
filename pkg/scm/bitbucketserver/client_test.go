package bitbucketserver_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
)

func TestOpenMakesNoCall(t *testing.T) {
	s := newServer(t)
	s.client(t)
	s.sent(t)
	for name, account := range map[string]scm.Account{
		"a URL that is none":      {URL: "forge.test", HTTP: s.Client()},
		"an account without HTTP": {URL: s.URL},
		"a GitHub App":            {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{AppID: 1, AppKey: []byte("x")}},
		"an OAuth consumer":       {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{ClientID: "x", ClientSecret: "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (bitbucketserver.Driver{}).Open(account); err == nil {
				t.Error("Open gave a client")
			}
		})
	}
}

func TestOpenKeepsAPathPrefix(t *testing.T) {
	var path, guard string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, guard = r.URL.EscapedPath(), r.Header.Get("X-Atlassian-Token")
		reply(http.StatusOK, map[string]any{"id": 1})(w, r)
	}))
	defer s.Close()
	c, err := bitbucketserver.Driver{}.Open(scm.Account{URL: s.URL + "/git/", HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	personal := scm.PullRef{Repo: scm.Repo{Connection: "main", Org: "~alice", Name: "app"}, Number: 7}
	made, err := c.Comments.Create(t.Context(), personal, "x")
	if err != nil {
		t.Fatal(err)
	}
	if want := "/git/rest/api/1.0/projects/~alice/repos/app/pull-requests/7/comments"; path != want || guard != "no-check" {
		t.Errorf("path = %s with token %q, want %s", path, guard, want)
	}
	if want := s.URL + "/git/projects/~alice/repos/app/pull-requests/7/overview?commentId=1"; made.Link != want {
		t.Errorf("link = %s, want %s", made.Link, want)
	}
}

func TestGetPull(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+pullURL] = text(pullJSON(3, `,"draft":true,"updatedDate":1767323105000`))
	s.answer["GET "+pullURL+"/merge"] = text(`{"canMerge":false,"conflicted":true,"outcome":"CONFLICTED","vetoes":[]}`)
	got, err := s.client(t).Pulls.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	want := &scm.PullRequest{
		Ref: ref, Title: "Add a lamp", Body: "please", Author: scm.User{Login: "alice", ID: "1"},
		Base: scm.Branch{Name: "main", SHA: strings.Repeat("a", 40), Repo: "ACME/app"},
		Head: scm.Branch{Name: "feature/lamp", SHA: head, Repo: "~alice/app"},
		Link: "http://forge.test/projects/ACME/repos/app/pull-requests/7", State: scm.StateOpen, Draft: true,
		Mergeable: scm.MergeableNo, CloneURL: "http://forge.test/scm/acme/app.git", Reviewers: []scm.User{{Login: "Bob.B", ID: "3"}},
		Updated: time.UnixMilli(1767323105000).UTC(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pull request (-want +got):\n%s", diff)
	}
	s.answer["GET "+pullURL+"/merge"] = refuse(http.StatusInternalServerError, "", "a merge check failed")
	if got, err = s.client(t).Pulls.Get(t.Context(), ref); err != nil || got.Mergeable != scm.MergeableUnknown {
		t.Errorf("with a failing merge check: %v, %v", got, err)
	}
}

func TestListsPageToTheirEnd(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 200, 201} {
		t.Run(fmt.Sprintf("%d commits", n), func(t *testing.T) {
			s := newServer(t)
			var items []any
			for i := range n {
				items = append(items, map[string]any{"id": fmt.Sprintf("%040d", n-i)})
			}
			s.answer["GET "+pullURL+"/commits"] = paged(100, items...)
			got, err := s.client(t).Pulls.Commits(t.Context(), ref)
			if err != nil || len(got) != n {
				t.Fatalf("%d commits, %v; want %d", len(got), err, n)
			}
			for i, c := range got {
				if want := fmt.Sprintf("%040d", i+1); c.SHA != want {
					t.Fatalf("commit %d = %s, want %s: oldest first", i, c.SHA, want)
				}
			}
			if want := max(1, (n+99)/100); len(s.calls) != want {
				t.Errorf("%d requests, want %d", len(s.calls), want)
			}
		})
	}
}

func TestAListingThatIsCutShortIsAnError(t *testing.T) {
	change := map[string]any{"path": map[string]any{"components": []string{"a"}, "toString": "a"}}
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"more than the server's limit":   {reply(http.StatusOK, map[string]any{"values": []any{change}, "isLastPage": false, "nextPageStart": nil}), scm.ErrIncomplete},
		"a next page that is this one":   {reply(http.StatusOK, map[string]any{"values": []any{change}, "isLastPage": false, "nextPageStart": 0}), scm.ErrIncomplete},
		"a listing that never ends":      {endless(change), scm.ErrIncomplete},
		"a listing that is no listing":   {text(`[]`), nil},
		"a page that ends in the middle": {text(`{"values":[`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET "+pullURL+"/changes"] = tc.answer
			got, err := s.client(t).Pulls.ChangedFiles(t.Context(), ref)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("files %v with error %v, want %v", got, err, tc.want)
			}
			if len(s.calls) > 100 {
				t.Errorf("%d requests", len(s.calls))
			}
		})
	}
}

func endless(item any) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		n++
		reply(http.StatusOK, map[string]any{"values": []any{item}, "isLastPage": false, "nextPageStart": n})(w, r)
	}
}

func TestChangedFiles(t *testing.T) {
	s := newServer(t)
	path := func(s string) map[string]any {
		return map[string]any{"components": strings.Split(s, "/"), "toString": s}
	}
	changes := paged(1000, map[string]any{"type": "ADD", "path": path("a.go")}, map[string]any{"type": "MOVE", "path": path("new/b.go"), "srcPath": path("old/b.go")})
	s.answer["GET "+pullURL+"/changes"] = changes
	s.answer["GET "+api+"/changes"] = changes
	want := []string{"a.go", "new/b.go"}
	c := s.client(t).Pulls
	got, err := c.ChangedFiles(t.Context(), ref)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, files (-want +got):\n%s", err, diff)
	}
	got, err = c.Compare(t.Context(), repo, "aa", "bb")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, compared (-want +got):\n%s", err, diff)
	}
	s.sent(t, call{"GET " + pullURL + "/changes", query("limit", "10000", "withComments", "false"), ""},
		call{"GET " + api + "/changes", query("since", "aa", "until", "bb", "limit", "10000"), ""})
	if _, err := c.Compare(t.Context(), repo, "", "bb"); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("comparison with nothing: %v, want ErrInvalid", err)
	}
	s.sent(t)
}

func TestCommitsTellAccountsFromNames(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+pullURL+"/commits"] = paged(100,
		map[string]any{"id": "2", "message": "b", "author": map[string]any{"name": "bob", "emailAddress": "bob@example.test"}, "parents": []any{map[string]any{"id": "1"}}},
		map[string]any{"id": "1", "message": "a", "author": map[string]any{"name": "alice", "id": 1, "slug": "alice", "emailAddress": "alice@example.test"}})
	got, err := s.client(t).Pulls.Commits(t.Context(), ref)
	want := []scm.Commit{
		{SHA: "1", Message: "a", Author: scm.User{Login: "alice", ID: "1"}, Email: "alice@example.test"},
		{SHA: "2", Message: "b", Email: "bob@example.test", Parents: []string{"1"}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, commits (-want +got):\n%s", err, diff)
	}
}

func TestEditSendsAFreshVersionAndKeepsReviewers(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+pullURL] = inTurn(text(pullJSON(3, "")), text(pullJSON(4, "")))
	s.answer["PUT "+pullURL] = inTurn(stale("pull.PullRequest"), text(pullJSON(5, "")))
	title, base := "Add two lamps", "release/1"
	if err := s.client(t).Pulls.Edit(t.Context(), ref, scm.PullPatch{Title: &title, Base: &base}); err != nil {
		t.Fatal(err)
	}
	body := func(version int) string {
		return fmt.Sprintf(`{"version":%d,"title":"Add two lamps","description":"please","toRef":{"id":"refs/heads/release/1"},"reviewers":[{"user":{"name":"Bob.B"}}]}`, version)
	}
	s.sent(t, call{Line: "GET " + pullURL}, call{Line: "PUT " + pullURL, Body: body(3)}, call{Line: "GET " + pullURL}, call{Line: "PUT " + pullURL, Body: body(4)})
	s.answer["PUT "+pullURL] = stale("pull.PullRequest")
	if err := s.client(t).Pulls.Edit(t.Context(), ref, scm.PullPatch{Title: &title}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("a version that is always old: %v, want ErrConflict", err)
	}
	if len(s.calls) != 4 {
		t.Errorf("calls %v, want two attempts", s.calls)
	}
}

func TestDeclineAndReopen(t *testing.T) {
	open, closed := scm.StateOpen, scm.StateClosed
	cases := map[string]struct {
		now    string
		wanted *scm.State
		calls  []call
		err    error
	}{
		"an open one is declined":      {`,"state":"OPEN"`, &closed, []call{{"POST " + pullURL + "/decline", "version=3", "{}"}}, nil},
		"a declined one stays so":      {`,"state":"DECLINED"`, &closed, nil, nil},
		"a declined one is reopened":   {`,"state":"DECLINED"`, &open, []call{{"POST " + pullURL + "/reopen", "version=3", "{}"}}, nil},
		"an open one stays so":         {`,"state":"OPEN"`, &open, nil, nil},
		"a merged one is not reopened": {`,"state":"MERGED"`, &open, []call{{"POST " + pullURL + "/reopen", "version=3", "{}"}}, scm.ErrConflict},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET "+pullURL] = text(pullJSON(3, tc.now))
			for _, step := range []string{"decline", "reopen"} {
				s.answer["POST "+pullURL+"/"+step] = text(pullJSON(4, ""))
				if tc.err != nil {
					s.answer["POST "+pullURL+"/"+step] = refuse(http.StatusConflict, "com.atlassian.bitbucket.pull.IllegalPullRequestStateException", "It has been merged.")
				}
			}
			err := s.client(t).Pulls.Edit(t.Context(), ref, scm.PullPatch{State: tc.wanted})
			if !errors.Is(err, tc.err) {
				t.Errorf("error %v, want %v", err, tc.err)
			}
			s.sent(t, append([]call{{Line: "GET " + pullURL}}, tc.calls...)...)
		})
	}
}

func TestCommentsComeOutOfActivities(t *testing.T) {
	s := newServer(t)
	comment := func(id, at int, replies ...any) map[string]any {
		return map[string]any{"id": id, "text": fmt.Sprint("comment ", id), "author": map[string]any{"id": 1, "name": "alice"}, "createdDate": at, "comments": replies, "state": "OPEN"}
	}
	commented := func(action string, c any) map[string]any {
		return map[string]any{"action": "COMMENTED", "commentAction": action, "comment": c}
	}
	pending := comment(30, 30)
	pending["state"] = "PENDING"
	s.answer["GET "+pullURL+"/activities"] = paged(2,
		commented("ADDED", comment(12, 4000)), // a reply that is listed by itself too
		map[string]any{"action": "APPROVED", "user": map[string]any{"name": "bob"}},
		commented("DELETED", comment(20, 20)),
		commented("ADDED", pending),
		commented("ADDED", comment(10, 1000, comment(12, 4000, comment(13, 5000)))),
		commented("ADDED", comment(9, 2000)),
		map[string]any{"action": "OPENED"})
	got, err := s.client(t).Comments.List(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range got {
		lines = append(lines, fmt.Sprintf("%s>%s", c.ID, c.ReplyTo))
	}
	if diff := cmp.Diff([]string{"10>", "9>", "12>10", "13>12"}, lines); diff != "" {
		t.Errorf("comments, oldest first (-want +got):\n%s", diff)
	}
	want := scm.Comment{ID: "10", Body: "comment 10", Author: scm.User{Login: "alice", ID: "1"}, Created: time.UnixMilli(1000).UTC(),
		Link: s.URL + "/projects/ACME/repos/app/pull-requests/7/overview?commentId=10"}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("first comment (-want +got):\n%s", diff)
	}
}

func TestCommentsAreWrittenAtTheirVersion(t *testing.T) {
	s := newServer(t)
	one := pullURL + "/comments/62"
	s.answer["GET "+one] = inTurn(text(`{"id":62,"version":1}`), text(`{"id":62,"version":2}`))
	s.answer["PUT "+one] = inTurn(stale("comment.Comment"), text(`{"id":62,"version":3}`))
	c := s.client(t).Comments
	if err := c.Edit(t.Context(), ref, "62", "better"); err != nil {
		t.Fatal(err)
	}
	s.sent(t, call{Line: "GET " + one}, call{Line: "PUT " + one, Body: `{"text":"better","version":1}`}, call{Line: "GET " + one}, call{Line: "PUT " + one, Body: `{"text":"better","version":2}`})

	s.answer["DELETE "+one] = inTurn(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		refuse(http.StatusConflict, "com.atlassian.bitbucket.comment.CommentDeletionException", "It has replies."))
	if err := c.Delete(t.Context(), ref, "62"); err != nil {
		t.Error(err)
	}
	s.sent(t, call{Line: "GET " + one}, call{Line: "DELETE " + one, Query: "version=2"})
	if err := c.Delete(t.Context(), ref, "62"); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("an answered comment: %v, want ErrConflict", err)
	}
	if err := c.Delete(t.Context(), ref, "63"); err != nil {
		t.Errorf("a comment that is gone: %v", err)
	}
	if err := c.Edit(t.Context(), ref, "63", "x"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("edit of a comment that is gone: %v, want ErrNotFound", err)
	}
	s.answer["POST "+pullURL+"/comments"] = reply(http.StatusCreated, map[string]any{"id": 64, "text": "thanks"})
	s.calls = nil
	made, err := c.Reply(t.Context(), ref, "62", "thanks")
	if err != nil || made.ReplyTo != "62" || made.ID != "64" {
		t.Errorf("reply %+v, %v", made, err)
	}
	s.sent(t, call{Line: "POST " + pullURL + "/comments", Body: `{"text":"thanks","parent":{"id":62}}`})
}
