package github_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/github"
)

type object = map[string]any

const secret = "s3cret"

var (
	one, two = strings.Repeat("1", 40), strings.Repeat("2", 40)
	repo     = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	alice    = object{"id": 3, "login": "alice"}
	app      = object{"id": 9, "full_name": "acme/app", "clone_url": "https://github.test/acme/app.git", "html_url": "https://github.test/acme/app"}
)

// pull is a pull request from a fork that is gone, by an account that is gone, unless changed.
func pull(with object) object {
	p := object{
		"number": 7, "title": "Add a lamp", "body": nil, "user": nil, "state": "open", "html_url": "https://github.test/acme/app/pull/7",
		"base": object{"ref": "main", "sha": one, "repo": app}, "head": object{"ref": "lamp", "sha": two, "repo": nil},
		"labels": []object{{"name": "lgtm"}}, "updated_at": "2026-01-02T03:04:05Z",
	}
	maps.Copy(p, with)
	return p
}

func parse(t testing.TB, event string, payload any) (scm.Event, error) {
	t.Helper()
	body, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return github.Driver{}.Parse(signed(event, body), body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("old"), []byte(secret)}})
}

func signed(event string, body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	h := http.Header{}
	h.Set("X-GitHub-Event", event)
	h.Set("X-GitHub-Delivery", "d-1")
	h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return h
}

func event(with object) object {
	e := object{"repository": app, "sender": alice}
	maps.Copy(e, with)
	return e
}

func TestParse(t *testing.T) {
	user := scm.User{Login: "alice", ID: "3"}
	for name, tc := range map[string]struct {
		event   string
		payload object
		want    func(scm.Event) (got, want any)
	}{
		"a pushed tag": {"push", event(object{"ref": "refs/tags/v1", "before": strings.Repeat("0", 40), "after": one}), func(e scm.Event) (any, any) {
			return e.(*scm.Push).Updates, []scm.RefUpdate{{Ref: "refs/tags/v1", After: one}}
		}},
		"a pull request whose author and fork are gone": {"pull_request", event(object{"action": "opened", "pull_request": pull(nil)}), func(e scm.Event) (any, any) {
			p := e.(*scm.PullRequestEvent).Pull
			return []any{p.Author, p.Head, p.Labels, p.CloneURL}, []any{scm.User{}, scm.Branch{Name: "lamp", SHA: two}, []string{"lgtm"}, "https://github.test/acme/app.git"}
		}},
		"new commits": {"pull_request", event(object{"action": "synchronize", "before": one, "pull_request": pull(nil)}), func(e scm.Event) (any, any) {
			p := e.(*scm.PullRequestEvent)
			return []any{p.Action, p.Before}, []any{scm.ActionSynchronize, one}
		}},
		"another base": {"pull_request", event(object{"action": "edited", "changes": object{"base": object{"ref": object{"from": "old"}}}, "pull_request": pull(nil)}), func(e scm.Event) (any, any) {
			return e.(*scm.PullRequestEvent).Edited, scm.Edits{Base: true}
		}},
		"a merge": {"pull_request", event(object{"action": "closed", "pull_request": pull(object{"state": "closed", "merged_at": "2026-01-02T03:04:05Z", "merge_commit_sha": one})}), func(e scm.Event) (any, any) {
			p := e.(*scm.PullRequestEvent)
			return []any{p.Action, p.Pull.State, p.Pull.MergeSHA}, []any{scm.ActionMerged, scm.StateMerged, one}
		}},
		"a queue that nobody listens to": {"pull_request", event(object{"action": "enqueued", "pull_request": pull(nil)}), func(e scm.Event) (any, any) {
			return e.(*scm.PullRequestEvent).Action, scm.ActionOther
		}},
		"a comment on a merged pull request": {"issue_comment", event(object{
			"action": "created", "comment": object{"id": 5, "body": "/test", "user": alice, "created_at": "2026-01-02T03:04:05Z"},
			"issue": object{"number": 7, "state": "closed", "pull_request": object{"merged_at": "2026-01-02T03:04:05Z"}},
		}), func(e scm.Event) (any, any) {
			c := e.(*scm.CommentEvent)
			return []any{c.IsPull, c.State, c.Comment.Author, c.Comment.ID}, []any{true, scm.StateMerged, user, "5"}
		}},
		"a comment on a removed line": {"pull_request_review_comment", event(object{
			"action": "edited", "comment": object{"id": 5, "body": "why", "path": "a.go", "line": 3, "side": "LEFT", "in_reply_to_id": 4}, "pull_request": pull(nil),
		}), func(e scm.Event) (any, any) {
			c := e.(*scm.CommentEvent)
			return []any{c.Action, *c.Inline, c.Comment.ID, c.Comment.ReplyTo}, []any{scm.ActionEdited, scm.Position{Path: "a.go"}, "r5", "r4"}
		}},
		"a dismissed review": {"pull_request_review", event(object{
			"action": "dismissed", "review": object{"id": 8, "state": "dismissed", "user": alice, "commit_id": two}, "pull_request": pull(nil),
		}), func(e scm.Event) (any, any) {
			r := e.(*scm.ReviewEvent)
			return []any{r.Action, r.Review.State, r.Review.SHA}, []any{scm.ActionDismissed, scm.ReviewDismissed, two}
		}},
		"a check run": {"check_run", event(object{"action": "completed", "check_run": object{
			"name": "lint", "head_sha": two, "status": "completed", "conclusion": "timed_out", "details_url": "https://ci.test", "output": object{"title": "too slow"},
		}}), func(e scm.Event) (any, any) {
			return e.(*scm.StatusEvent).Status, scm.Status{Context: "lint", State: scm.StatusFailure, Description: "too slow", TargetURL: "https://ci.test"}
		}},
		"a ping": {"ping", object{"zen": "calm", "hook_id": 1}, func(e scm.Event) (any, any) { return e.Kind(), scm.KindIgnored }},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := parse(t, tc.event, tc.payload)
			if err != nil {
				t.Fatal(err)
			}
			if meta := e.Envelope(); e.Kind() != scm.KindIgnored && (meta.Repo != repo || meta.Sender != user || meta.Delivery != "d-1" || meta.Native != tc.event) {
				t.Errorf("envelope %+v", meta)
			}
			got, want := tc.want(e)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMalformedDeliveriesAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		event   string
		payload any
	}{
		"no repository":            {"push", object{"ref": "refs/heads/a"}},
		"no ref":                   {"push", event(object{"ref": "main"})},
		"a commit that is none":    {"push", event(object{"ref": "refs/heads/a", "after": "--upload-pack=x"})},
		"no pull request":          {"pull_request", event(object{"action": "opened"})},
		"a pull request without n": {"pull_request", event(object{"pull_request": object{}})},
		"a status of no commit":    {"status", event(object{"context": "a"})},
		"no comment":               {"issue_comment", event(object{"issue": object{"number": 1}})},
		"a list":                   {"issues", []int{1}},
		"no event":                 {"", event(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := parse(t, tc.event, tc.payload); !errors.Is(err, scm.ErrMalformed) {
				t.Errorf("%+v, %v; want ErrMalformed", e, err)
			}
		})
	}
	body := []byte("not looked at")
	h := signed("push", body)
	h.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("0", 64))
	if _, err := (github.Driver{}).Parse(h, body, scm.Verification{Secrets: [][]byte{[]byte(secret)}}); !errors.Is(err, scm.ErrSignature) {
		t.Errorf("error %v, want ErrSignature", err)
	}
}

func FuzzParse(f *testing.F) {
	events := []string{"push", "pull_request", "pull_request_review", "pull_request_review_comment", "issue_comment", "issues", "status", "check_run", "ping"}
	for i, payload := range []object{
		event(object{"ref": "refs/heads/a", "before": one, "after": two}), event(object{"action": "opened", "pull_request": pull(nil)}),
		event(object{"action": "submitted", "review": object{"state": "approved"}, "pull_request": pull(nil)}),
		event(object{"comment": object{"line": 1}, "pull_request": pull(nil)}), event(object{"issue": object{"number": 1}, "comment": object{"id": 1}}),
	} {
		body, err := json.Marshal(payload)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		name := events[int(n)%len(events)]
		e, err := github.Driver{}.Parse(signed(name, body), body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte(secret)}})
		if err != nil {
			if !errors.Is(err, scm.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if e.Kind() != scm.KindIgnored && e.Envelope().Repo.Name == "" {
			t.Fatalf("%s without a repository", e.Kind())
		}
		if _, err := scm.EncodeEvent(e); err != nil {
			t.Fatal(err)
		}
	})
}
