package bitbucketcloud_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func TestPullRequestsHaveWholeCommits(t *testing.T) {
	head := func(p *scm.PullRequest) string { return p.Head.SHA + " " + p.Base.SHA }
	cases := map[string]struct {
		change   func(*server)
		want     string
		requests int
	}{
		"both branches are asked for together":       {func(*server) {}, headSHA + " " + baseSHA, 2},
		"a base that has moved on is asked for":      {func(s *server) { s.tips["main"] = doneSHA }, headSHA + " " + baseSHA, 3},
		"a head that has moved on is found":          {func(s *server) { s.tips["lamp"] = doneSHA }, headSHA + " " + baseSHA, 3},
		"a head on a later page is found":            {func(s *server) { s.tips["lamp"] = ""; s.commits = append(many(150), headSHA) }, headSHA + " " + baseSHA, 4},
		"a fork's commits are those of its pull":     {func(s *server) { s.pull = pullObject(s.URL, "alice/app", forkSHA); s.commits = []string{forkSHA} }, forkSHA + " " + baseSHA, 3},
		"a fork's branch of the same name is no tip": {func(s *server) { s.pull = pullObject(s.URL, "alice/app", headSHA); s.commits = nil }, " " + baseSHA, 4},
		"a deleted branch leaves its merged commit":  {func(s *server) { s.tips["lamp"] = ""; s.commits = nil; s.known = append(s.known, headSHA) }, headSHA + " " + baseSHA, 4},
		"a deleted fork leaves nothing": {func(s *server) {
			s.pull = pullObject(s.URL, "alice/app", forkSHA)
			s.pull["source"].(object)["repository"] = nil
			s.answer["GET /pullrequests/7/commits"] = func(w http.ResponseWriter) { refuse(w, http.StatusNotFound, "no fork") }
		}, " " + baseSHA, 4},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			tc.change(s)
			got, err := s.client(t).Pulls.Get(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			if head(got) != tc.want {
				t.Errorf("head and base = %s, want %s", head(got), tc.want)
			}
			if len(s.requests) != tc.requests {
				t.Errorf("requests %v, want %d", s.requests, tc.requests)
			}
		})
	}
}

func many(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%040x", 0xabc0000+i))
	}
	return all
}

func TestGetPull(t *testing.T) {
	s := newServer(t)
	s.pull = pullObject(s.URL, "alice/app", forkSHA)
	s.commits = []string{forkSHA}
	got, err := s.client(t).Pulls.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	want := &scm.PullRequest{
		Ref: ref, Title: "Add a lamp", Body: "please", Author: scm.User{Login: "alice", ID: "557058:1"},
		Base:  scm.Branch{Name: "main", SHA: baseSHA, Repo: "acme/app"},
		Head:  scm.Branch{Name: "lamp", SHA: forkSHA, Repo: "alice/app", CloneURL: s.URL + "/alice/app.git"},
		Link:  s.URL + "/acme/app/pull-requests/7",
		State: scm.StateOpen, CloneURL: s.URL + "/acme/app.git", Reviewers: []scm.User{{Login: "bob", ID: "557058:2"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pull request (-want +got):\n%s", diff)
	}
}

func TestChangedFilesFollowTheRedirect(t *testing.T) {
	s := newServer(t)
	for i := range 12 {
		s.files = append(s.files, object{"new": object{"path": fmt.Sprintf("%02d.go", i)}, "old": nil, "status": "added"})
	}
	s.files[3] = object{"old": object{"path": "gone.go"}, "new": nil, "status": "removed"}
	s.files[4] = object{"old": object{"path": "before.go"}, "new": object{"path": "after.go"}, "status": "renamed"}
	got, err := s.client(t).Pulls.ChangedFiles(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 12 || got[3] != "gone.go" || got[4] != "after.go" {
		t.Errorf("files = %v", got)
	}
}

func TestEditKeepsWhatItLeavesOut(t *testing.T) {
	s := newServer(t)
	c := s.client(t)
	title := "Add a better lamp"
	if err := c.Pulls.Edit(t.Context(), ref, scm.PullPatch{Title: &title}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Pulls.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if got.Title != title || got.Body != "please" || len(got.Reviewers) != 1 {
		t.Errorf("after the edit it is %+v", got)
	}
	s.requests = nil
	open := scm.StateOpen
	if err := c.Pulls.Edit(t.Context(), ref, scm.PullPatch{Title: &title, State: &open}); !errors.Is(err, scm.ErrUnsupported) || len(s.requests) != 0 {
		t.Errorf("error %v after %v, want ErrUnsupported without a call", err, s.requests)
	}
}

func TestReviewers(t *testing.T) {
	s := newServer(t)
	for n, name := range []string{"alice", "bob", "carol", "twin", "Twin"} {
		s.members = append(s.members, object{"user": person(name, n+1)})
	}
	c := s.client(t)
	asked := func() string {
		var names []string
		for _, one := range s.pull["reviewers"].([]object) {
			names = append(names, one["nickname"].(string))
		}
		return strings.Join(names, " ")
	}
	if err := c.Reviews.Request(t.Context(), ref, "Carol", "bob"); err != nil || asked() != "bob carol" {
		t.Errorf("asked are %s, error %v", asked(), err)
	}
	if err := c.Reviews.Unrequest(t.Context(), ref, "bob", "nobody"); err != nil || asked() != "carol" {
		t.Errorf("asked are %s, error %v", asked(), err)
	}
	for _, login := range []string{"mallory", "twin"} {
		if err := c.Reviews.Request(t.Context(), ref, login); !errors.Is(err, scm.ErrInvalid) || asked() != "carol" {
			t.Errorf("%s: asked are %s, error %v, want ErrInvalid", login, asked(), err)
		}
	}
}

func TestReviews(t *testing.T) {
	s := newServer(t)
	s.pull["participants"] = []object{
		{"user": person("bob", 2), "approved": false, "state": "changes_requested", "participated_on": "2026-01-03T00:00:00+00:00"},
		{"user": person("carol", 3), "approved": false, "state": nil, "participated_on": nil},
		{"user": person("pharos-bot", 9), "approved": true, "state": "approved", "participated_on": "2026-01-02T00:00:00+00:00"},
	}
	c := s.client(t).Reviews
	all, err := c.List(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Author.Login != "pharos-bot" || all[0].State != scm.ReviewApproved || all[1].State != scm.ReviewChangesRequested {
		t.Fatalf("reviews = %+v", all)
	}
	if err := c.Dismiss(t.Context(), ref, all[1].ID, "why"); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("dismissing another's: %v, want ErrForbidden", err)
	}
	if err := c.Dismiss(t.Context(), ref, "557058:404", "why"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("dismissing nobody's: %v, want ErrNotFound", err)
	}
	s.requests = nil
	if err := c.Dismiss(t.Context(), ref, all[0].ID, "why"); err != nil || !strings.HasSuffix(s.requests[len(s.requests)-1], "DELETE /2.0/repositories/acme/app/pullrequests/7/approve") {
		t.Errorf("dismissing its own: %v by %v", err, s.requests)
	}
	if err := c.Submit(t.Context(), ref, scm.NewReview{State: scm.ReviewChangesRequested, Body: "too dark"}); err != nil || len(s.comments) != 1 {
		t.Errorf("comments %v, error %v", s.comments, err)
	}
}

func TestMerge(t *testing.T) {
	started := func(s *server, tasks ...string) func(http.ResponseWriter) {
		s.tasks = tasks
		return func(w http.ResponseWriter) {
			w.Header().Set("Location", s.URL+"/2.0/repositories/acme/app/pullrequests/7/merge/task-status/t1")
			w.WriteHeader(http.StatusAccepted)
		}
	}
	cases := map[string]struct {
		change func(*server)
		want   error
		posted bool
	}{
		"a merge":                        {func(*server) {}, nil, true},
		"a merge that takes long":        {func(s *server) { s.merge = started(s, "PENDING", "SUCCESS") }, nil, true},
		"a long merge that fails":        {func(s *server) { s.merge = started(s, "PENDING", "Conflicts during merge.") }, scm.ErrNotMergeable, true},
		"a head that moved":              {func(s *server) { s.pull = pullObject(s.URL, "acme/app", forkSHA); s.commits = []string{forkSHA} }, scm.ErrHeadMoved, false},
		"a head with the same beginning": {func(s *server) { s.tips["lamp"] = headSHA[:39] + "3"; s.commits = []string{headSHA[:39] + "3"} }, scm.ErrHeadMoved, false},
		"a declined pull request":        {func(s *server) { s.pull["state"] = "DECLINED" }, scm.ErrNotMergeable, false},
		"missing approvals":              {func(s *server) { s.merge = func(w http.ResponseWriter) { refuse(w, 400, "You still need 1 approval") } }, scm.ErrNotMergeable, true},
		"a conflict":                     {func(s *server) { s.merge = func(w http.ResponseWriter) { refuse(w, 409, "conflicts") } }, scm.ErrNotMergeable, true},
		"a merge that timed out":         {func(s *server) { s.merge = func(w http.ResponseWriter) { refuse(w, 555, "took too long") } }, scm.ErrTransient, true},
		"a right that is missing":        {func(s *server) { s.merge = func(w http.ResponseWriter) { refuse(w, 403, "no write access") } }, scm.ErrForbidden, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			tc.change(s)
			sha, err := s.client(t).Merges.Merge(t.Context(), ref, scm.Merge{SHA: headSHA, Method: scm.MergeSquash, Title: "Lamp", Body: "It was dark."})
			if !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
			if tc.want == nil && sha != doneSHA {
				t.Errorf("merged as %s, want %s", sha, doneSHA)
			}
			if posted := slices.Contains(s.requests, "POST /2.0/repositories/acme/app/pullrequests/7/merge"); posted != tc.posted {
				t.Errorf("requests %v", s.requests)
			}
		})
	}
}

func TestComments(t *testing.T) {
	s := newServer(t)
	c := s.client(t).Comments
	for i := range 120 {
		if _, err := c.Create(t.Context(), ref, fmt.Sprintf("comment %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := c.Reply(t.Context(), ref, "1", "indeed")
	if err != nil || answer.ReplyTo != "1" {
		t.Errorf("reply %+v, error %v", answer, err)
	}
	s.comments[5]["pending"] = true
	for range 2 { // the second time it is gone already
		if err := c.Delete(t.Context(), ref, "2"); err != nil {
			t.Error(err)
		}
	}
	all, err := c.List(t.Context(), ref)
	if err != nil || len(all) != 119 {
		t.Fatalf("%d comments, error %v; want 119", len(all), err)
	}
	want := scm.Comment{ID: "1", Body: "comment 0", Author: scm.User{Login: "pharos-bot", ID: "557058:9"}, Created: time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)}
	if diff := cmp.Diff(want, all[0]); diff != "" {
		t.Errorf("first comment (-want +got):\n%s", diff)
	}
	if _, err := c.Reply(t.Context(), ref, "one", "x"); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("reply to no number: %v, want ErrInvalid", err)
	}
}

func TestStatusesKeepLongContexts(t *testing.T) {
	s := newServer(t)
	c := s.client(t).Statuses
	long := "pharos/" + strings.Repeat("a-long-name-", 5)
	want := []scm.Status{
		{Context: "unit", State: scm.StatusPending, TargetURL: s.URL + "/acme/app/commits/" + headSHA},
		{Context: long + "1", State: scm.StatusSuccess, Description: "good", TargetURL: "https://pharos.test/1"},
		{Context: long + "2", State: scm.StatusFailure, TargetURL: "https://pharos.test/2"},
	}
	for _, status := range want {
		if err := c.Set(t.Context(), repo, headSHA, status); err != nil {
			t.Fatal(err)
		}
	}
	want[0].TargetURL = s.URL + "/acme/app/commits/" + headSHA
	// Others name their statuses as they like, and have states of their own.
	s.statuses = append(s.statuses, object{"key": "pipeline", "name": "Pipeline #5", "state": "STOPPED"})
	want = append(want, scm.Status{Context: "pipeline", State: scm.StatusError})
	got, err := c.List(t.Context(), repo, headSHA)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// known is a user as an event of Bitbucket tells.
func known(nickname string, n int) scm.User {
	return scm.User{Login: nickname, ID: fmt.Sprintf("557058:%d", n)}
}

func TestMembers(t *testing.T) {
	s := newServer(t)
	for i := range 150 {
		s.rights = append(s.rights, object{"user": person(fmt.Sprintf("m%d", i), 100+i), "permission": "read"})
	}
	s.members = append(s.members, object{"user": nil}, object{"user": person("Alice", 1)})
	for i, right := range []string{"admin", "write", "read", "create"} {
		s.rights = append(s.rights, object{"user": person("alice", i+1), "permission": right})
	}
	s.rights = append(s.rights, object{"user": nil, "permission": "admin"})
	c := s.client(t).Members
	// A nickname proves nothing: mallory calls herself Alice.
	for user, want := range map[scm.User]bool{known("Alice", 1): true, known("renamed", 1): true, known("Alice", 66): false} {
		if got, err := c.IsOrgMember(t.Context(), "acme", user); got != want || err != nil {
			t.Errorf("member %v = %v, %v; want %v", user, got, err, want)
		}
	}
	for user, want := range map[scm.User]bool{
		known("alice", 1): true, known("bob", 2): true, known("alice", 3): false, known("alice", 4): false, known("alice", 66): false,
	} {
		if got, err := c.IsCollaborator(t.Context(), repo, user); got != want || err != nil {
			t.Errorf("collaborator %v = %v, %v; want %v", user, got, err, want)
		}
	}
	if _, err := c.IsOrgMember(t.Context(), "acme", scm.User{Login: "alice"}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("member without an id: %v, want ErrInvalid", err)
	}
	if _, err := c.Permission(t.Context(), repo, scm.User{Login: "alice"}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("permission without an id: %v, want ErrInvalid", err)
	}
	if _, err := c.TeamMembers(t.Context(), "acme", "team"); !errors.Is(err, scm.ErrUnsupported) {
		t.Errorf("members of a team: %v, want ErrUnsupported", err)
	}
}

func TestOnlyAdministratorsAskForPermissions(t *testing.T) {
	s := newServer(t)
	s.answer["GET /2.0/workspaces/acme/permissions/repositories/app"] = func(w http.ResponseWriter) {
		reply(w, http.StatusForbidden, object{"type": "error", "error": object{"message": "Your credentials lack one or more required privilege scopes.",
			"detail": object{"granted": []string{"repository"}, "required": []string{"repository:admin"}}}})
	}
	_, err := s.client(t).Members.Permission(t.Context(), repo, known("alice", 1))
	if !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("error = %v, want ErrForbidden", err)
	}
	for _, part := range []string{"permission of alice in main:acme/app", "administrator", "repository:admin"} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("error %q does not tell %q", err, part)
		}
	}
}

func TestHooks(t *testing.T) {
	s := newServer(t)
	s.hooks = []object{{"uuid": "{a-1}", "url": "https://old.test", "active": false, "events": []string{"repo:push"}, "secret_set": false}}
	c := s.client(t).Hooks
	on := scm.HookTarget{Connection: "main", Org: "acme"}
	all, err := c.List(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]scm.Hook{{ID: "{a-1}", URL: "https://old.test"}}, all); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
	if err := c.Update(t.Context(), on, all[0].ID, scm.NewHook{URL: "https://pharos.test/hook", Secret: "s3cret"}); err != nil {
		t.Fatal(err)
	}
	all, err = c.List(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]scm.Hook{{ID: "{a-1}", URL: "https://pharos.test/hook", Active: true, Complete: true, SecretSet: true}}, all); diff != "" {
		t.Errorf("hooks after the update (-want +got):\n%s", diff)
	}
	for _, request := range s.requests {
		if address, err := url.PathUnescape(request); err != nil || strings.Contains(address, "s3cret") {
			t.Errorf("the secret is in the address %s", request)
		}
	}
	if err := c.Delete(t.Context(), on, "{gone}"); err != nil {
		t.Errorf("deleting a hook that is gone: %v", err)
	}
}

func TestReadTellsFilesFromFolders(t *testing.T) {
	s := newServer(t)
	s.tips["feature/lamp"] = headSHA
	s.sources = map[string]string{"lamp.go": "package lamp\n", "odd.json": `{"pagelen":1,"values":[]}`, "dir/x": "x"}
	c := s.client(t).Contents
	for path, at := range map[string]string{"lamp.go": "feature/lamp", "odd.json": headSHA, "dir/x": headSHA} {
		got, err := c.Read(t.Context(), repo, path, at)
		if err != nil || string(got) != s.sources[path] {
			t.Errorf("read %q of %s, error %v", got, path, err)
		}
	}
	for _, path := range []string{"dir", "none", "lamp.go/x"} {
		if _, err := c.Read(t.Context(), repo, path, headSHA); !errors.Is(err, scm.ErrNotFound) {
			t.Errorf("reading %s: %v, want ErrNotFound", path, err)
		}
	}
	if _, err := c.Read(t.Context(), repo, "lamp.go", "no/branch"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("reading at no branch: %v, want ErrNotFound", err)
	}
}
