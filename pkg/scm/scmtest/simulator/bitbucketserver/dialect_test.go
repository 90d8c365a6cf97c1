package bitbucketserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketserver"
)

// forge is a server with the repository ACME/app, where alice may write and mallory may not, and pull request 1 in it.
type forge struct {
	*testing.T
	*simulator.Forge
	repo scm.Repo
	ref  scm.PullRef
}

func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{t, simulator.Start(bitbucketserver.Dialect{}, t.TempDir()), scm.Repo{Org: "ACME", Name: "app"}, scm.PullRef{}}
	t.Cleanup(f.Close)
	f.AddMember("ACME", "alice", scm.PermissionWrite)
	f.AddMember("ACME", "bob", scm.PermissionAdmin)
	_, err := f.AddRepo("ACME", "app", map[string]string{"README.md": "first\n"})
	f.ok(err)
	_, err = f.As("alice").Commit(f.repo, "feature", "main", map[string]string{"a.txt": "a\n"})
	f.ok(err)
	f.ref, err = f.As("alice").Open(f.repo, scm.NewPull{Title: "Lamp", Head: "feature", Base: "main"})
	f.ok(err)
	return f
}

func (f *forge) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// request asks the API of the repository; a path that begins with a slash is below /rest.
func (f *forge) request(method, path, token, body string) (int, map[string]any) {
	f.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/api/1.0/projects/ACME/repos/app/" + path
	}
	req, err := http.NewRequestWithContext(f.Context(), method, f.URL()+"/rest"+path, strings.NewReader(body))
	f.ok(err)
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := f.Client().Do(req)
	f.ok(err)
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	f.ok(err)
	var out map[string]any
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		f.ok(json.Unmarshal(data, &out))
	}
	return res.StatusCode, out
}

// exception is the class and the versions that a refusal names.
func exception(answer map[string]any) string {
	errors, _ := answer["errors"].([]any)
	if len(errors) == 0 {
		return ""
	}
	first := errors[0].(map[string]any)
	name := fmt.Sprint(first["exceptionName"])
	text := name[strings.LastIndexByte(name, '.')+1:]
	if first["context"] != nil {
		text += " of " + fmt.Sprint(first["context"])
	}
	if first["expectedVersion"] != nil {
		text += fmt.Sprintf(" %v, not %v", first["currentVersion"], first["expectedVersion"])
	}
	return text
}

func TestRefusals(t *testing.T) {
	f := newForge(t)
	alice, mallory, bob := f.Token("alice"), f.Token("mallory"), f.Token("bob")
	id, err := f.As("alice").Comment(f.ref, "hello")
	f.ok(err)
	hook := func(event string) string { return `{"name":"x","url":"http://x.test","events":["` + event + `"]}` }
	const pull = "pull-requests/1"
	for name, tc := range map[string]struct {
		method, path, token, body string
		status                    int
		exception                 string
	}{
		"a token that nobody has":            {"GET", pull, "wrong", "", 401, "IncorrectPasswordAuthenticationException"},
		"a write that a browser could send":  {"POST", pull + "/decline?version=0", alice, "", 403, ""},
		"a merge by one who may only read":   {"POST", pull + "/merge?version=0", mallory, "{}", 401, "AuthorisationException"},
		"a path that is none":                {"GET", "/api/1.0/teapots", alice, "", 404, ""},
		"a project that is a user":           {"GET", "/api/1.0/projects/alice/repos", alice, "", 404, "NoSuchProjectException"},
		"a write without a version":          {"POST", pull + "/decline", alice, "{}", 409, "PullRequestOutOfDateException 0, not -1"},
		"a comment deleted without version":  {"DELETE", pull + "/comments/" + id, alice, "", 409, "CommentOutOfDateException 0, not -1"},
		"a comment edited by another":        {"PUT", pull + "/comments/" + id, bob, `{"text":"x","version":0}`, 401, "AuthorisationException"},
		"a reviewer who is nobody":           {"PUT", pull, alice, `{"version":0,"reviewers":[{"user":{"name":"nobody"}}]}`, 409, "InvalidPullRequestReviewersException of reviewers"},
		"the author as a reviewer":           {"POST", pull + "/participants", bob, `{"user":{"name":"alice"},"role":"REVIEWER"}`, 400, "<nil> of role"},
		"a verdict of an old head":           {"PUT", pull + "/participants/bob", bob, `{"status":"APPROVED","lastReviewedCommit":"abc"}`, 409, "PullRequestOutOfDateException"},
		"a second pull request":              {"POST", "pull-requests", bob, `{"title":"x","fromRef":{"id":"feature"},"toRef":{"id":"main"}}`, 409, "DuplicatePullRequestException"},
		"a pull request of nothing":          {"POST", "pull-requests", bob, `{"title":"x","fromRef":{"id":"main"},"toRef":{"id":"feature"}}`, 409, "EmptyPullRequestException"},
		"an event that is only documented":   {"POST", "webhooks", bob, hook("pr:to_ref_updated"), 400, "<nil> of events"},
		"webhooks for one who may not":       {"POST", "webhooks", alice, hook("pr:opened"), 401, "AuthorisationException"},
		"a page of a negative size":          {"GET", "commits?limit=-1", alice, "", 400, "<nil> of limit"},
		"a build without an address":         {"POST", "commits/" + strings.Repeat("a", 40) + "/builds", alice, `{"key":"x","state":"FAILED"}`, 400, "<nil> of url"},
		"a permission of an unknown project": {"GET", "/api/1.0/users?permission.1=PROJECT_WRITE&permission.1.projectKey=NONE", alice, "", 404, "NoSuchProjectException"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := f.request(tc.method, tc.path, tc.token, tc.body)
			if got := exception(answer); status != tc.status || got != tc.exception {
				t.Errorf("status %d with %q, want %d with %q", status, got, tc.status, tc.exception)
			}
		})
	}
}

func TestPagesEndAtTheServersLimit(t *testing.T) {
	f := newForge(t)
	for i := range 24 {
		_, err := f.As("alice").Commit(f.repo, "main", "", map[string]string{"n.txt": fmt.Sprint(i)})
		f.ok(err)
	}
	for query, want := range map[string][3]any{
		"limit=100":          {20.0, false, 20.0},
		"limit=100&start=20": {5.0, true, nil},
		"limit=1":            {1.0, false, 1.0},
		"":                   {20.0, false, 20.0},
	} {
		_, answer := f.request("GET", "commits?"+query, f.Token("alice"), "")
		if diff := cmp.Diff(want, [3]any{answer["size"], answer["isLastPage"], answer["nextPageStart"]}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestUsersAreFilteredByWhatTheyMayDo(t *testing.T) {
	f := newForge(t)
	f.AddUser("mallory")
	const write = "=REPO_WRITE&%[1]s.projectKey=ACME&%[1]s.repositorySlug=app"
	for query, want := range map[string]string{
		fmt.Sprintf("permission.1"+write, "permission.1"):     "alice bob",
		fmt.Sprintf("permission.2"+write, "permission.2"):     "alice bob mallory", // numbers begin with one
		"permission=PROJECT_ADMIN&permission.projectKey=acme": "bob",
		"filter=ALIC":  "alice",
		"group=nobody": "",
	} {
		_, answer := f.request("GET", "/api/latest/users?"+query, f.Token("alice"), "")
		var names []string
		for _, u := range answer["values"].([]any) {
			names = append(names, u.(map[string]any)["name"].(string))
		}
		if diff := cmp.Diff(want, strings.Join(names, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestAnEditWithoutReviewersLeavesNone(t *testing.T) {
	f := newForge(t)
	f.ok(f.As("bob").Review(f.ref, scm.ReviewApproved, ""))
	_, before := f.request("GET", "pull-requests/1", f.Token("alice"), "")
	status, after := f.request("PUT", "pull-requests/1", f.Token("alice"), `{"version":0,"title":"Lamps"}`)
	part := func(answer map[string]any, of string) string {
		var all []string
		for _, one := range answer[of].([]any) {
			p := one.(map[string]any)
			all = append(all, fmt.Sprint(p["user"].(map[string]any)["name"], " ", p["role"], " ", p["status"]))
		}
		return strings.Join(all, ", ")
	}
	got := []string{part(before, "reviewers"), part(before, "participants"), part(after, "reviewers"), part(after, "participants")}
	if diff := cmp.Diff([]string{"bob REVIEWER APPROVED", "", "", "bob PARTICIPANT UNAPPROVED"}, got); status != http.StatusOK || diff != "" {
		t.Errorf("status %d, people (-want +got):\n%s", status, diff)
	}
}
