package bitbucketserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
)

const settings = `{"mergeConfig":{"defaultStrategy":{"id":"no-ff"},"strategies":[{"id":"no-ff","enabled":true},{"id":"ff","enabled":false},
	{"id":"squash","enabled":false},{"id":"squash-ff-only","enabled":true},{"id":"rebase-no-ff","enabled":false},{"id":"rebase-ff-only","enabled":true},{"id":"ff-only","enabled":false}]}}`

func TestMerge(t *testing.T) {
	merged := text(pullJSON(4, `,"properties":{"mergeCommit":{"id":"`+strings.Repeat("c", 40)+`"}}`))
	moved := strings.ReplaceAll(pullJSON(4, ""), head, strings.Repeat("d", 40))
	veto := reply(http.StatusConflict, map[string]any{"errors": []any{map[string]any{
		"message": "Merging the pull request has been vetoed.", "exceptionName": "com.atlassian.bitbucket.pull.PullRequestMergeVetoedException",
		"conflicted": false, "vetoes": []any{map[string]any{"summaryMessage": "Requires approvals", "detailedMessage": "You still need 2 approvals."}},
	}}})
	cases := map[string]struct {
		how    scm.Merge
		now    http.HandlerFunc
		answer http.HandlerFunc
		body   string // of the last merge that was asked for
		sha    string
		want   error
		text   string
	}{
		"by the default way": {scm.Merge{SHA: head}, text(pullJSON(3, "")), merged, "{}", strings.Repeat("c", 40), nil, ""},
		"with a message of one's own": {scm.Merge{SHA: head, Method: scm.MergeCommit, Title: "Lamp", Body: "It lights."}, text(pullJSON(3, "")), merged,
			`{"strategyId":"no-ff","message":"Lamp\n\nIt lights.","autoSubject":false}`, strings.Repeat("c", 40), nil, ""},
		"with a body below Bitbucket's subject": {scm.Merge{SHA: head, Body: "It lights."}, text(pullJSON(3, "")), merged, `{"message":"It lights."}`, strings.Repeat("c", 40), nil, ""},
		"by the strategy that is enabled":       {scm.Merge{SHA: head, Method: scm.MergeSquash}, text(pullJSON(3, "")), merged, `{"strategyId":"squash-ff-only"}`, strings.Repeat("c", 40), nil, ""},
		"by a method that is not enabled":       {scm.Merge{SHA: head, Method: scm.MergeFastForward}, text(pullJSON(3, "")), merged, "", "", scm.ErrInvalid, "fast-forward"},
		"of no head":                            {scm.Merge{}, text(pullJSON(3, "")), merged, "", "", scm.ErrInvalid, "no head"},
		"of a head that has moved":              {scm.Merge{SHA: head}, text(moved), merged, "", "", scm.ErrHeadMoved, "dddd"},
		"of a head that moves in that moment":   {scm.Merge{SHA: head}, inTurn(text(pullJSON(3, "")), text(moved)), stale("pull.PullRequest"), "{}", "", scm.ErrHeadMoved, "dddd"},
		"of a pull request that is renamed in that moment": {scm.Merge{SHA: head}, inTurn(text(pullJSON(2, "")), text(pullJSON(3, ""))), inTurn(stale("pull.PullRequest"), merged),
			"{}", strings.Repeat("c", 40), nil, ""},
		"that is vetoed":                {scm.Merge{SHA: head}, text(pullJSON(3, "")), veto, "{}", "", scm.ErrNotMergeable, "Requires approvals"},
		"of one that was merged before": {scm.Merge{SHA: head}, text(pullJSON(3, `,"state":"MERGED"`)), merged, "", "", scm.ErrNotMergeable, "MERGED"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET "+api+"/settings/pull-requests"] = text(settings)
			s.answer["GET "+pullURL] = tc.now
			s.answer["POST "+pullURL+"/merge"] = tc.answer
			sha, err := s.client(t).Merges.Merge(t.Context(), ref, tc.how)
			if sha != tc.sha || !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("merged as %q with error %v, want %q with %v", sha, err, tc.sha, tc.want)
			}
			if !strings.Contains(fmt.Sprint(err), tc.text) {
				t.Errorf("error %q does not tell %q", err, tc.text)
			}
			body := ""
			for _, c := range s.calls {
				if c.Line == "POST "+pullURL+"/merge" {
					body = c.Body
					if c.Query != "version=3" && c.Query != "version=2" {
						t.Errorf("merge of %q", c.Query)
					}
				}
			}
			if body != tc.body {
				t.Errorf("merge request %s, want %s", body, tc.body)
			}
		})
	}
}

func TestMethodsAreThoseEnabled(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+api+"/settings/pull-requests"] = text(settings)
	got, err := s.client(t).Merges.Methods(t.Context(), repo)
	if diff := cmp.Diff([]scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase}, got); err != nil || diff != "" {
		t.Errorf("error %v, methods (-want +got):\n%s", err, diff)
	}
}

func TestReviews(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+pullURL] = text(pullJSON(3, ""))
	s.answer["GET api/1.0/users"] = people(nil)
	ok := reply(http.StatusOK, map[string]any{})
	s.answer["PUT "+pullURL+"/participants/pharos-bot"] = ok
	s.answer["POST "+pullURL+"/comments"] = reply(http.StatusCreated, map[string]any{"id": 1})
	c := s.client(t).Reviews
	got, err := c.List(t.Context(), ref)
	want := []scm.Review{
		{ID: "bob-b", State: scm.ReviewApproved, Author: scm.User{Login: "Bob.B", ID: "3"}, SHA: head},
		{ID: "mallory", State: scm.ReviewChangesRequested, Author: scm.User{Login: "mallory", ID: "5"}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, reviews (-want +got):\n%s", err, diff)
	}
	s.calls = nil
	if err := c.Submit(t.Context(), ref, scm.NewReview{State: scm.ReviewApproved, Body: "fine", SHA: head}); err != nil {
		t.Error(err)
	}
	s.sent(t, call{Line: "GET api/1.0/users", Query: "filter=pharos-bot"},
		call{Line: "PUT " + pullURL + "/participants/pharos-bot", Body: `{"status":"APPROVED","lastReviewedCommit":"` + head + `"}`},
		call{Line: "POST " + pullURL + "/comments", Body: `{"text":"fine"}`})
	if err := c.Submit(t.Context(), ref, scm.NewReview{State: scm.ReviewCommented, Body: "hm"}); err != nil {
		t.Error(err)
	}
	s.sent(t, call{Line: "POST " + pullURL + "/comments", Body: `{"text":"hm"}`})
	if err := c.Dismiss(t.Context(), ref, "pharos-bot", "old"); err != nil {
		t.Error(err)
	}
	s.sent(t, call{Line: "PUT " + pullURL + "/participants/pharos-bot", Body: `{"status":"UNAPPROVED"}`})
	if err := c.Submit(t.Context(), ref, scm.NewReview{State: scm.ReviewDismissed}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("a verdict that is none: %v, want ErrInvalid", err)
	}
}

func TestRequestsForReview(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+pullURL] = text(pullJSON(3, ""))
	s.answer["POST "+pullURL+"/participants"] = reply(http.StatusOK, map[string]any{})
	s.answer["DELETE "+pullURL+"/participants/bob-b"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	c := s.client(t).Reviews
	if err := c.Request(t.Context(), ref, "alice2"); err != nil {
		t.Error(err)
	}
	s.sent(t, call{Line: "POST " + pullURL + "/participants", Body: `{"user":{"name":"alice2"},"role":"REVIEWER"}`})
	if err := c.Unrequest(t.Context(), ref, "BOB.B", "alice2"); err != nil {
		t.Error(err)
	}
	s.sent(t, call{Line: "GET " + pullURL}, call{Line: "DELETE " + pullURL + "/participants/bob-b"})
	s.answer["POST "+pullURL+"/participants"] = refuse(http.StatusNotFound, "com.atlassian.bitbucket.user.NoSuchUserException", "User nobody does not exist.")
	if err := c.Request(t.Context(), ref, "nobody"); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("an unknown login: %v, want ErrInvalid", err)
	}
}

func TestMembers(t *testing.T) {
	s := newServer(t)
	s.answer["GET api/1.0/users"] = people(map[string][]string{
		"alice":   {"PROJECT_WRITE ACME", "REPO_WRITE ACME/app", "REPO_READ ACME/app"},
		"alice2":  {"REPO_READ ACME/app"},
		"Bob.B":   {"REPO_ADMIN ACME/app", "REPO_WRITE ACME/app", "REPO_READ ACME/app"},
		"mallory": nil,
	})
	c := s.client(t).Members
	for login, want := range map[string]bool{"alice": true, "ALICE": true, "alice2": false, "mallory": false, "ali": false, "nobody": false} {
		if got, err := c.IsOrgMember(t.Context(), "ACME", scm.User{Login: login}); got != want || err != nil {
			t.Errorf("member %s = %v, %v; want %v", login, got, err, want)
		}
	}
	for login, want := range map[string]scm.Permission{"alice": scm.PermissionWrite, "alice2": scm.PermissionRead, "bob.b": scm.PermissionAdmin, "mallory": scm.PermissionNone} {
		if got, err := c.Permission(t.Context(), repo, scm.User{Login: login}); got != want || err != nil {
			t.Errorf("permission of %s = %v, %v; want %v", login, got, err, want)
		}
		if got, err := c.IsCollaborator(t.Context(), repo, scm.User{Login: login}); got != (want >= scm.PermissionWrite) || err != nil {
			t.Errorf("collaborator %s = %v, %v", login, got, err)
		}
	}
	s.calls = nil
	if _, err := c.IsCollaborator(t.Context(), repo, scm.User{Login: "alice"}); err != nil {
		t.Error(err)
	}
	s.sent(t, call{"GET api/1.0/users", query("filter", "alice", "permission.1", "REPO_WRITE", "permission.1.projectKey", "ACME", "permission.1.repositorySlug", "app"), ""})
	if _, err := c.IsOrgMember(t.Context(), "ACME", scm.User{Login: ""}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("member without a name: %v, want ErrInvalid", err)
	}
}

func TestPersonalProjectsBelongToTheirUser(t *testing.T) {
	s := newServer(t)
	s.answer["GET api/1.0/users"] = people(nil)
	c := s.client(t).Members
	personal := scm.Repo{Connection: "main", Org: "~bob-b", Name: "app"} // the slug of Bob.B
	for login, want := range map[string]bool{"Bob.B": true, "alice": false, "bob-b": false} {
		if got, err := c.IsOrgMember(t.Context(), personal.Org, scm.User{Login: login}); got != want || err != nil {
			t.Errorf("member %s = %v, %v; want %v", login, got, err, want)
		}
		if got, err := c.IsCollaborator(t.Context(), personal, scm.User{Login: login}); got != want || err != nil {
			t.Errorf("collaborator %s = %v, %v; want %v", login, got, err, want)
		}
	}
	if got, err := c.Permission(t.Context(), personal, scm.User{Login: "Bob.B"}); got != scm.PermissionAdmin || err != nil {
		t.Errorf("permission of the owner = %v, %v", got, err)
	}
}

func TestAnUnansweredQuestionOfTrustIsAnError(t *testing.T) {
	s := newServer(t)
	s.answer["GET api/1.0/users"] = refuse(http.StatusBadRequest, "com.atlassian.bitbucket.IllegalArgumentException", "no such repository")
	c := s.client(t).Members
	for name, ask := range map[string]func(context.Context) (bool, error){
		"member":       func(ctx context.Context) (bool, error) { return c.IsOrgMember(ctx, "ACME", scm.User{Login: "alice"}) },
		"collaborator": func(ctx context.Context) (bool, error) { return c.IsCollaborator(ctx, repo, scm.User{Login: "alice"}) },
		"permission": func(ctx context.Context) (bool, error) {
			p, err := c.Permission(ctx, repo, scm.User{Login: "alice"})
			return p != scm.PermissionNone, err
		},
		"owner": func(ctx context.Context) (bool, error) { return c.IsOrgMember(ctx, "~alice", scm.User{Login: "alice"}) },
	} {
		if yes, err := ask(t.Context()); yes || err == nil {
			t.Errorf("%s = %v, %v; want an error", name, yes, err)
		}
	}
}

func TestStatuses(t *testing.T) {
	s := newServer(t)
	builds := api + "/commits/abc/builds"
	s.answer["POST "+builds] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	c := s.client(t).Statuses
	if err := c.Set(t.Context(), repo, "abc", scm.Status{Context: "unit", State: scm.StatusError, Description: "boom"}); err != nil {
		t.Fatal(err)
	}
	s.sent(t, call{Line: "POST " + builds, Body: `{"key":"unit","name":"unit","parent":"unit","state":"FAILED","description":"boom","url":"` + s.URL + `/projects/ACME/repos/app/commits/abc"}`})

	build := func(key, state, about string) map[string]any {
		return map[string]any{"key": key, "state": state, "description": about, "url": "http://pharos.test/" + key}
	}
	s.answer["GET build-status/1.0/commits/abc"] = paged(2, build("unit", "SUCCESSFUL", "a fork's"), build("lint", "INPROGRESS", ""), build("unit", "FAILED", "ours"),
		build("other", "CANCELLED", ""), build("gone", "FAILED", "newest"), build("gone", "SUCCESSFUL", "older"))
	s.answer["GET "+builds] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") == "unit" {
			reply(http.StatusOK, build("unit", "FAILED", "ours"))(w, r)
			return
		}
		refuse(http.StatusNotFound, "com.atlassian.bitbucket.build.NoSuchBuildStatusException", "no build")(w, r)
	}
	got, err := c.List(t.Context(), repo, "abc")
	want := []scm.Status{
		{Context: "unit", State: scm.StatusFailure, Description: "ours", TargetURL: "http://pharos.test/unit"},
		{Context: "lint", State: scm.StatusPending, TargetURL: "http://pharos.test/lint"},
		{Context: "other", State: scm.StatusError, TargetURL: "http://pharos.test/other"},
		{Context: "gone", State: scm.StatusFailure, Description: "newest", TargetURL: "http://pharos.test/gone"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, statuses (-want +got):\n%s", err, diff)
	}
}

func TestHooks(t *testing.T) {
	s := newServer(t)
	s.answer["POST "+api+"/webhooks"] = reply(http.StatusCreated, map[string]any{"id": 1})
	s.answer["PUT "+api+"/webhooks/1"] = reply(http.StatusOK, map[string]any{"id": 1})
	s.answer["POST api/1.0/projects/ACME/webhooks"] = reply(http.StatusCreated, map[string]any{"id": 2})
	c := s.client(t).Hooks
	on, wanted := scm.HookTarget(repo), scm.NewHook{URL: "http://pharos.test/hook", Secret: "s3cret"}
	if err := errors.Join(c.Create(t.Context(), on, wanted), c.Update(t.Context(), on, "1", wanted), c.Create(t.Context(), scm.HookTarget{Connection: "main", Org: "ACME"}, wanted)); err != nil {
		t.Fatal(err)
	}
	events := `["pr:comment:added","pr:comment:deleted","pr:comment:edited","pr:declined","pr:deleted","pr:from_ref_updated","pr:merged","pr:modified","pr:opened",` +
		`"pr:reviewer:approved","pr:reviewer:needs_work","pr:reviewer:unapproved","pr:reviewer:updated","repo:refs_changed"]`
	body := `{"name":"Pharos","url":"http://pharos.test/hook","active":true,"events":` + events + `,"configuration":{"secret":"s3cret"},"sslVerificationRequired":true}`
	s.sent(t, call{Line: "POST " + api + "/webhooks", Body: body}, call{Line: "PUT " + api + "/webhooks/1", Body: body}, call{Line: "POST api/1.0/projects/ACME/webhooks", Body: body})

	hook := func(id int, more string) string {
		return fmt.Sprintf(`{"id":%d,"name":"x","url":"http://pharos.test/hook","active":true,"events":%s%s}`, id, events, more)
	}
	s.answer["GET "+api+"/webhooks"] = text(`{"isLastPage":true,"values":[` + strings.Join([]string{
		hook(1, `,"configuration":{"secret":"s3cret"},"scopeType":"repository","sslVerificationRequired":true`),
		hook(2, `,"configuration":{"createdBy":"bitbucket","odd":7},"sslVerificationRequired":false`),
		hook(3, `,"scopeType":"project"`),
		`{"id":4,"url":"http://other.test","events":["pr:opened"]}`,
	}, ",") + `]}`)
	got, err := c.List(t.Context(), on)
	want := []scm.Hook{
		{ID: "1", URL: "http://pharos.test/hook", Active: true, Complete: true, SecretSet: true},
		{ID: "2", URL: "http://pharos.test/hook", Active: true},
		{ID: "4", URL: "http://other.test"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, hooks (-want +got):\n%s", err, diff)
	}
	if err := c.Delete(t.Context(), on, "9"); err != nil {
		t.Errorf("a webhook that is gone: %v", err)
	}
	if _, err := c.Failed(t.Context(), on, "1", time.Time{}); !errors.Is(err, scm.ErrUnsupported) {
		t.Errorf("failed deliveries: %v, want ErrUnsupported", err)
	}
}

func TestContentsAndRepositories(t *testing.T) {
	s := newServer(t)
	s.answer["GET "+api+"/raw/docs/a b.md"] = text("hello")
	s.answer["GET "+api+"/commits"] = paged(1, map[string]any{"id": head})
	s.answer["DELETE branch-utils/1.0/projects/ACME/repos/app/branches"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	s.answer["GET "+api] = text(`{"id":11,"slug":"app","public":true,"project":{"key":"ACME"},"links":{"self":[{"href":"http://forge.test/projects/ACME/repos/app/browse"}]}}`)
	s.answer["GET "+api+"/default-branch"] = text(`{"id":"refs/heads/trunk/1","displayId":"trunk/1"}`)
	s.answer["GET api/1.0/projects/ACME/repos"] = paged(1, map[string]any{"id": 1, "slug": "a", "project": map[string]any{"key": "ACME"}}, map[string]any{"id": 2, "slug": "b", "archived": true, "project": map[string]any{"key": "ACME"}})
	c := s.client(t)
	if data, err := c.Contents.Read(t.Context(), repo, "docs/a b.md", "main"); string(data) != "hello" || err != nil {
		t.Errorf("file %q, %v", data, err)
	}
	if got, err := c.Contents.Branch(t.Context(), repo, "feature/x"); got != head || err != nil {
		t.Errorf("branch %q, %v", got, err)
	}
	if err := c.Contents.DeleteBranch(t.Context(), repo, "feature/x"); err != nil {
		t.Error(err)
	}
	s.sent(t, call{"GET " + api + "/raw/docs/a b.md", "at=main", ""}, call{"GET " + api + "/commits", query("until", "refs/heads/feature/x", "limit", "1"), ""},
		call{"DELETE branch-utils/1.0/projects/ACME/repos/app/branches", "", `{"name":"refs/heads/feature/x","dryRun":false}`})
	got, err := c.Repositories.Get(t.Context(), repo)
	want := &scm.Repository{Repo: repo, ID: "11", DefaultBranch: "trunk/1", Link: "http://forge.test/projects/ACME/repos/app"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, repository (-want +got):\n%s", err, diff)
	}
	all, err := c.Repositories.List(t.Context(), "ACME")
	if err != nil || len(all) != 1 || all[0].Repo.Name != "a" || !all[0].Private {
		t.Errorf("repositories %v, %v", all, err)
	}
}

func TestTeams(t *testing.T) {
	s := newServer(t)
	s.answer["GET api/1.0/users"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("group") != "app owners" {
			paged(1)(w, r)
			return
		}
		paged(1, map[string]any{"name": "alice"}, map[string]any{"name": "Bob.B"})(w, r)
	}
	c := s.client(t).Members
	got, err := c.TeamMembers(t.Context(), "ACME", "app owners")
	if diff := cmp.Diff([]string{"alice", "Bob.B"}, got); err != nil || diff != "" {
		t.Errorf("error %v, members (-want +got):\n%s", err, diff)
	}
	if _, err := c.TeamMembers(t.Context(), "ACME", "nobody"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("a group that nobody is in: %v, want ErrNotFound", err)
	}
	if _, err := c.TeamMembers(t.Context(), "ACME", ""); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("no group: %v, want ErrInvalid", err)
	}
}

func TestErrorsAreTyped(t *testing.T) {
	const pkg = "com.atlassian.bitbucket."
	cases := map[string]struct {
		answer http.HandlerFunc
		want   error
		text   string
	}{
		"a missing pull request":  {refuse(404, pkg+"pull.NoSuchPullRequestException", "no pull request 7"), scm.ErrNotFound, "NoSuchPullRequestException: no pull request 7"},
		"a right that is missing": {refuse(401, pkg+"AuthorisationException", "You are not permitted"), scm.ErrForbidden, "not permitted"},
		"an invalid request":      {refuse(400, "", "the key is too long"), scm.ErrInvalid, "the key is too long"},
		"a conflict":              {refuse(409, pkg+"pull.DuplicatePullRequestException", "Only one"), scm.ErrConflict, "Only one"},
		"a message that names another exception": {refuse(409, pkg+"pull.DuplicatePullRequestException", "PullRequestMergeVetoedException: x"), scm.ErrConflict,
			"DuplicatePullRequestException"},
		"a rate limit":        {refuse(429, "", "slow down"), scm.ErrTransient, "rate limited until"},
		"a server in trouble": {refuse(503, "", "starting"), scm.ErrTransient, "starting"},
		"a proxy's page": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			_, _ = w.Write([]byte("<html>"))
		}, scm.ErrTransient, "Bad Gateway"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET "+pullURL] = tc.answer
			_, err := s.client(t).Pulls.Get(t.Context(), ref)
			if !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
			for _, part := range []string{"get pull request main:ACME/app#7", tc.text} {
				if !strings.Contains(fmt.Sprint(err), part) {
					t.Errorf("error %q does not tell %q", err, part)
				}
			}
		})
	}
}

func TestAWrongTokenIsForbidden(t *testing.T) {
	s := newServer(t)
	c, err := bitbucketserver.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL, Credentials: scm.Credentials{Token: "old"}, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Statuses.Set(t.Context(), repo, "abc", scm.Status{Context: "unit", State: scm.StatusSuccess}); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("error = %v, want ErrForbidden", err)
	}
}
