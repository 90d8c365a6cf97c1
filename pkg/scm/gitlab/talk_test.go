package gitlab_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func noted(id int, body, at string) object {
	return object{"id": id, "body": body, "author": person(4, "bob"), "created_at": at, "system": false}
}

func TestCommentsAreReadFromTheirThreads(t *testing.T) {
	s := newServer(t)
	system := noted(2, "added 1 commit", "2026-02-03T09:01:00Z")
	system["system"] = true
	s.routes["GET "+pull+"/discussions"] = paged([]object{
		{"id": "aa", "notes": []object{noted(1, "why?", "2026-02-03T09:00:00Z"), noted(4, "because", "2026-02-03T09:05:00Z")}},
		{"id": "bb", "notes": []object{system}},
		{"id": "cc", "notes": []object{noted(3, "nice", "2026-02-03T10:02:00+01:00")}},
	})
	s.on("POST "+pull+"/discussions/aa/notes", noted(5, "I see", "2026-02-03T09:06:00Z"))
	c := s.client(t).Comments
	got, err := c.List(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	bob := scm.User{Login: "bob", ID: "4"}
	page := s.URL + "/acme/tools/app/-/merge_requests/17#note_"
	want := []scm.Comment{
		{ID: "1", Body: "why?", Author: bob, Link: page + "1", Created: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)},
		{ID: "3", Body: "nice", Author: bob, Link: page + "3", Created: time.Date(2026, 2, 3, 9, 2, 0, 0, time.UTC)},
		{ID: "4", Body: "because", Author: bob, Link: page + "4", Created: time.Date(2026, 2, 3, 9, 5, 0, 0, time.UTC), ReplyTo: "1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	made, err := c.Reply(t.Context(), ref, "4", "I see")
	if err != nil || made.ID != "5" || made.ReplyTo != "1" {
		t.Errorf("reply %+v, %v", made, err)
	}
	if _, err := c.Reply(t.Context(), ref, "99", "what?"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("reply to nothing: %v", err)
	}
}

func TestANumberThatNoMergeRequestHasIsAnIssues(t *testing.T) {
	s := newServer(t)
	s.on("POST "+issue+"/notes", noted(7, "hello", "2026-02-03T09:00:00Z"))
	s.on("PUT "+issue+"/notes/7", noted(7, "hello", "2026-02-03T09:00:00Z"))
	s.on("PUT "+issue, object{"iid": 17, "labels": []string{"kind/bug"}})
	s.on("GET "+issue, object{"iid": 17, "labels": []string{"kind/bug"}})
	c := s.client(t)
	made, err := c.Comments.Create(t.Context(), ref, "hello")
	if err != nil || made.Link != s.URL+"/acme/tools/app/-/issues/17#note_7" {
		t.Errorf("comment %+v, %v", made, err)
	}
	if err := c.Comments.Edit(t.Context(), ref, "7", "hi"); err != nil {
		t.Error(err)
	}
	if err := c.Labels.Add(t.Context(), ref, "kind/bug"); err != nil {
		t.Error(err)
	}
	if got, err := c.Labels.List(t.Context(), ref); err != nil || !slices.Equal(got, []string{"kind/bug"}) {
		t.Errorf("labels %v, %v", got, err)
	}
	if err := c.Comments.Edit(t.Context(), ref, "8", "hi"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("edit of nothing: %v", err)
	}
	if err := c.Comments.Delete(t.Context(), ref, "8"); err != nil {
		t.Errorf("what is gone is deleted: %v", err)
	}
}

func TestTheBotsWordsAreNoCommands(t *testing.T) {
	for body, want := range map[string]string{
		"/approve":                          `\/approve`,
		"You said:\n/merge\n/lgtm\n/Close ": "You said:\n\\/merge\n/lgtm\n\\/Close ",
		"/assign_reviewer @bob":             `\/assign_reviewer @bob`,
		"/target_branch x\r\n/wip":          "\\/target_branch x\r\n/wip",
		"write /approve, > /approve":        "write /approve, > /approve",
		"/approvement and /test all":        "/approvement and /test all",
		"/test all\n/lh-approve":            "/test all\n/lh-approve",
	} {
		s := newServer(t)
		s.on("POST "+pull+"/notes", noted(7, want, "2026-02-03T09:00:00Z"))
		if _, err := s.client(t).Comments.Create(t.Context(), ref, body); err != nil {
			t.Fatal(err)
		}
		escaped := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, ">", `\u003e`).Replace(want)
		if got, want := s.requests[0].Body, `{"body":"`+escaped+`"}`; got != want {
			t.Errorf("%q was sent as %s, want %s", body, got, want)
		}
	}
}

func TestLabels(t *testing.T) {
	s := newServer(t)
	on := []string{"LGTM", "hold"}
	s.routes["PUT "+pull] = func(w http.ResponseWriter, r request) {
		on = slices.DeleteFunc(on, func(l string) bool { return r.Body == `{"remove_labels":"`+l+`"}` })
		reply(w, http.StatusOK, object{"labels": on})
	}
	l := s.client(t).Labels
	if err := l.Remove(t.Context(), ref, "hold"); err != nil || len(s.requests) != 1 {
		t.Errorf("error %v, calls %v", err, s.lines())
	}
	if err := l.Remove(t.Context(), ref, "lgtm"); err != nil || len(on) != 0 || len(s.requests) != 3 {
		t.Errorf("error %v, labels %v, calls %v", err, on, s.lines())
	}
	if err := l.Add(t.Context(), ref, "kind/bug ☂"); err != nil || s.requests[3].Body != `{"add_labels":"kind/bug ☂"}` {
		t.Errorf("error %v, calls %v", err, s.requests)
	}
	for _, name := range []string{"", "a,b"} {
		if err := errors.Join(l.Add(t.Context(), ref, name), l.Remove(t.Context(), ref, name)); !errors.Is(err, scm.ErrInvalid) || len(s.requests) != 4 {
			t.Errorf("label %q: %v after %d calls", name, err, len(s.requests))
		}
	}
}

func TestApprovals(t *testing.T) {
	s := newServer(t)
	given := object{"approved_by": []object{
		{"user": person(5, "carol"), "approved_at": "2026-02-03T09:10:00Z"}, {"user": person(4, "bob"), "approved_at": "2026-02-03T09:00:00Z"},
	}, "user_has_approved": false}
	s.on("GET "+pull+"/approvals", given)
	s.fail("POST "+pull+"/approve", http.StatusUnauthorized, "401 Unauthorized")
	s.on("POST "+pull+"/unapprove", given)
	s.on("GET user", person(12, "pharos-bot"))
	r := s.client(t).Reviews
	got, err := r.List(t.Context(), ref)
	want := []scm.Review{
		{ID: "4", State: scm.ReviewApproved, Author: scm.User{Login: "bob", ID: "4"}, Created: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)},
		{ID: "5", State: scm.ReviewApproved, Author: scm.User{Login: "carol", ID: "5"}, Created: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("reviews (-want +got), %v:\n%s", err, diff)
	}
	approve := scm.NewReview{State: scm.ReviewApproved, SHA: strings.Repeat("2", 40)}
	if err := r.Submit(t.Context(), ref, approve); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("an approval that is not allowed: %v", err)
	}
	given["user_has_approved"] = true
	if err := r.Submit(t.Context(), ref, approve); err != nil {
		t.Errorf("an approval once more: %v", err)
	}
	s.fail("POST "+pull+"/approve", http.StatusConflict, "SHA does not match HEAD of source branch")
	if err := r.Submit(t.Context(), ref, approve); !errors.Is(err, scm.ErrHeadMoved) {
		t.Errorf("an approval of another head: %v", err)
	}
	if err := r.Submit(t.Context(), ref, scm.NewReview{State: scm.ReviewChangesRequested}); !errors.Is(err, scm.ErrUnsupported) {
		t.Errorf("a request for changes: %v", err)
	}
	if err := r.Dismiss(t.Context(), ref, "4", "old"); !errors.Is(err, scm.ErrForbidden) || slices.Contains(s.lines(), "POST "+pull+"/unapprove") {
		t.Errorf("another's approval: %v", err)
	}
	if err := r.Dismiss(t.Context(), ref, "12", "old"); err != nil {
		t.Errorf("the bot's own approval: %v", err)
	}
}

func TestPeopleThatGitLabLeavesOut(t *testing.T) {
	s := newServer(t)
	s.on("GET "+pull, mergeRequest(nil)) // assigned to bob
	s.routes["GET users"] = func(w http.ResponseWriter, r request) {
		people := map[string][]object{"username=Carol": {person(5, "carol")}, "username=bob": {person(4, "bob")}}
		reply(w, http.StatusOK, append([]object{}, people[r.Query]...))
	}
	s.on("PUT "+pull, mergeRequest(nil))
	i := s.client(t).Issues
	if err := i.Assign(t.Context(), ref, "bob"); err != nil || s.bodies("PUT "+pull) != nil {
		t.Errorf("who is assigned already: %v, calls %v", err, s.lines())
	}
	if err := i.Assign(t.Context(), ref, "Carol"); !errors.Is(err, scm.ErrInvalid) || !strings.Contains(err.Error(), "carol") {
		t.Errorf("whom GitLab does not keep: %v", err)
	}
	if err := i.Assign(t.Context(), ref, "nobody"); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("whom nobody knows: %v", err)
	}
	if err := i.Unassign(t.Context(), ref, "bob"); err != nil {
		t.Error(err)
	}
	if got, want := s.bodies("PUT "+pull), []string{`{"assignee_ids":[4,5]}`, `{"assignee_ids":[0]}`}; !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

func TestStatuses(t *testing.T) {
	sha := strings.Repeat("2", 40)
	line := "POST " + project + "/statuses/" + sha
	status := scm.Status{Context: "unit", State: scm.StatusPending, Description: "queued", TargetURL: "https://ci.test/1"}
	const stands = `Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")`
	refusing := func(s *server, states ...string) {
		s.routes[line] = func(w http.ResponseWriter, r request) {
			for _, state := range states {
				if strings.Contains(r.Body, `"state":"`+state+`"`) {
					refuse(w, http.StatusBadRequest, stands)
					return
				}
			}
			reply(w, http.StatusCreated, object{"id": 1})
		}
	}
	sent := func(state, ref string) string {
		return `{"state":"` + state + `","name":"unit","description":"queued","target_url":"https://ci.test/1"` + ref + `}`
	}
	t.Run("a pending one that is pending runs", func(t *testing.T) {
		s := newServer(t)
		refusing(s, "pending")
		if err := s.client(t).Statuses.Set(t.Context(), repo, sha, status); err != nil {
			t.Error(err)
		}
		if got, want := s.bodies(line), []string{sent("pending", ""), sent("running", "")}; !slices.Equal(got, want) {
			t.Errorf("sent %v, want %v", got, want)
		}
	})
	t.Run("a pending one that runs stays", func(t *testing.T) {
		s := newServer(t)
		refusing(s, "pending", "running")
		if err := s.client(t).Statuses.Set(t.Context(), repo, sha, status); err != nil {
			t.Error(err)
		}
	})
	t.Run("a result that is refused is an error", func(t *testing.T) {
		s := newServer(t)
		refusing(s, "success")
		if err := s.client(t).Statuses.Set(t.Context(), repo, sha, scm.Status{Context: "unit", State: scm.StatusSuccess}); !errors.Is(err, scm.ErrInvalid) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the head of a fork is known by its merge request", func(t *testing.T) {
		s := newServer(t)
		s.routes[line] = func(w http.ResponseWriter, r request) {
			if !strings.Contains(r.Body, `"ref"`) {
				refuse(w, http.StatusNotFound, "404 References for commit Not Found")
				return
			}
			reply(w, http.StatusCreated, object{"id": 1})
		}
		s.routes["GET "+project+"/repository/commits/"+sha+"/merge_requests"] = paged([]object{{"iid": 3, "state": "closed"}, {"iid": 17, "state": "opened"}})
		if err := s.client(t).Statuses.Set(t.Context(), repo, sha, status); err != nil {
			t.Error(err)
		}
		if got, want := s.bodies(line), []string{sent("pending", ""), sent("pending", `,"ref":"refs/merge-requests/17/head"`)}; !slices.Equal(got, want) {
			t.Errorf("sent %v, want %v", got, want)
		}
	})
	t.Run("a commit that there is not", func(t *testing.T) {
		s := newServer(t)
		s.fail(line, http.StatusNotFound, "404 Commit Not Found")
		if err := s.client(t).Statuses.Set(t.Context(), repo, sha, status); !errors.Is(err, scm.ErrNotFound) || len(s.requests) != 1 {
			t.Errorf("error %v after %v", err, s.lines())
		}
	})
	t.Run("an address that is too long is left out", func(t *testing.T) {
		s := newServer(t)
		refusing(s)
		long := status
		long.TargetURL = "https://ci.test/" + strings.Repeat("x", 255)
		if err := s.client(t).Statuses.Set(t.Context(), repo, sha, long); err != nil || strings.Contains(s.requests[0].Body, "target_url") {
			t.Errorf("error %v, sent %v", err, s.requests)
		}
	})
}

func TestStatusesListTheNewestOfEachName(t *testing.T) {
	sha := strings.Repeat("2", 40)
	s := newServer(t)
	s.routes["GET "+project+"/repository/commits/"+sha+"/statuses"] = paged([]object{
		{"id": 1, "name": "unit", "status": "failed", "description": nil, "target_url": nil},
		{"id": 5, "name": "unit", "status": "running", "description": "again", "target_url": "https://ci.test/5"},
		{"id": 2, "name": "lint", "status": "failed", "allow_failure": true},
		{"id": 3, "name": "e2e", "status": "failed"},
		{"id": 4, "name": "deploy", "status": "manual"},
		{"id": 6, "name": "docs", "status": "canceled"},
		{"id": 7, "name": "bench", "status": "skipped"},
	})
	got, err := s.client(t).Statuses.List(t.Context(), repo, sha)
	want := []scm.Status{
		{Context: "bench", State: scm.StatusSuccess}, {Context: "deploy", State: scm.StatusPending}, {Context: "docs", State: scm.StatusError},
		{Context: "e2e", State: scm.StatusFailure}, {Context: "lint", State: scm.StatusSuccess},
		{Context: "unit", State: scm.StatusPending, Description: "again", TargetURL: "https://ci.test/5"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("statuses (-want +got), %v:\n%s", err, diff)
	}
}
