package vendors_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	gl "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
	driver "github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/test/vendors"
)

// documented is a payload of GitLab's documentation, which its client keeps for its own tests.
type documented struct {
	event   gl.EventType
	body    []byte
	payload any
}

// gitlabDocumented are the documented payloads of what the driver reads, by the client's type.
var gitlabDocumented = sync.OnceValues(func() (map[reflect.Type]documented, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "gitlab.com/gitlab-org/api/client-go/v2").Output()
	if err != nil {
		return nil, err
	}
	all := map[reflect.Type]documented{}
	for file, event := range map[string]gl.EventType{
		"push": gl.EventTypePush, "tag_push": gl.EventTypeTagPush, "merge_request": gl.EventTypeMergeRequest, "issue": gl.EventTypeIssue,
		"note_merge_request": gl.EventTypeNote, "note_issue": gl.EventTypeNote, "job": gl.EventTypeJob,
	} {
		d := documented{event: event}
		if d.body, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", "webhooks", file+".json")); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(d.body, &d.payload); err != nil {
			return nil, err
		}
		told, err := gl.ParseWebhook(event, d.body)
		if err != nil {
			return nil, err
		}
		all[reflect.TypeOf(told)] = d
	}
	return all, nil
})

func readDocumentedPayloads(t *testing.T, tally *vendors.Tally) {
	all, err := gitlabDocumented()
	if err != nil {
		t.Fatal(err)
	}
	for of, d := range all {
		tally.Checked(vendors.Webhooks, "documented "+of.String(), gitlabDelivery(http.Header{"X-Gitlab-Event": {string(d.event)}}, d.body)...)
	}
}

// gitlabDelivery finds where the driver reads a delivery in another way than the client, and what of it neither the client
// nor the documentation knows.
func gitlabDelivery(header http.Header, body []byte) []string {
	told, err := gl.ParseWebhook(gl.EventType(header.Get("X-Gitlab-Event")), body)
	if err != nil {
		return []string{err.Error()}
	}
	samples, err := gitlabDocumented()
	if err != nil {
		return []string{err.Error()}
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{err.Error()}
	}
	found := surplus(value, reflect.TypeOf(told), samples[reflect.TypeOf(told)].payload)
	header = header.Clone()
	header.Set("X-Gitlab-Token", "secret")
	event, err := driver.Driver{}.Parse(header, body, scm.Verification{Secrets: [][]byte{[]byte("secret")}})
	if err != nil {
		return append(found, err.Error())
	}
	if d := compare(gitlabEvent(told, event), event); d != "" {
		found = append(found, "the client and the driver read (-client +driver)\n"+d)
	}
	return found
}

// gitlabSame leaves out what an event has from headers, and times, which the client reads as text.
var gitlabSame = []diff.Option{
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(scm.Envelope{}, "ID", "Delivery", "Native"),
	cmpopts.IgnoreFields(scm.PullRequestEvent{}, "Label"),
	cmpopts.IgnoreFields(scm.IssueEvent{}, "Label"),
	cmpopts.IgnoreFields(scm.Push{}, "Compare"),
	cmpopts.IgnoreFields(scm.PullRequest{}, "Updated"),
	cmpopts.IgnoreFields(scm.Comment{}, "Created"),
	// The login of an author is not told where he does not act.
	diff.Comparer(func(a, b scm.User) bool {
		return a.ID == b.ID && (a.Login == b.Login || a.Login == "" || b.Login == "")
	}),
}

// gitlabEvent makes an event of what the client read; whether a merge request's is about a review, the driver says.
func gitlabEvent(told any, as scm.Event) scm.Event {
	switch e := told.(type) {
	case *gl.PushEvent:
		return &scm.Push{
			Meta:     gitlabMeta(e.Project.PathWithNamespace, scm.User{Login: e.UserUsername, ID: id(e.UserID)}),
			CloneURL: e.Project.GitHTTPURL, Link: e.Project.WebURL, Updates: []scm.RefUpdate{{Ref: e.Ref, Before: sha(e.Before), After: sha(e.After)}},
		}
	case *gl.TagEvent:
		return &scm.Push{
			Meta:     gitlabMeta(e.Project.PathWithNamespace, scm.User{Login: e.UserUsername, ID: id(e.UserID)}),
			CloneURL: e.Project.GitHTTPURL, Link: e.Project.WebURL,
			Updates: []scm.RefUpdate{{Ref: e.Ref, Before: sha(e.Before), After: cmp.Or(e.CheckoutSHA, sha(e.After))}},
		}
	case *gl.MergeEvent:
		return gitlabMerge(e, as)
	case *gl.IssueEvent:
		return gitlabIssueEvent(e)
	case *gl.MergeCommentEvent:
		return gitlabPullComment(e, as)
	case *gl.IssueCommentEvent:
		return &scm.CommentEvent{
			Meta: gitlabMeta(e.Project.PathWithNamespace, scm.User{Login: e.User.Username, ID: id(e.User.ID)}), Number: int(e.Issue.IID),
			Action: gitlabActions[string(e.ObjectAttributes.Action)], State: gitlabState(e.Issue.State), Comment: scm.Comment{
				ID: id(e.ObjectAttributes.ID), Body: e.ObjectAttributes.Note, Author: scm.User{ID: id(e.ObjectAttributes.AuthorID)}, Link: e.ObjectAttributes.URL,
			},
		}
	case *gl.JobEvent:
		return gitlabJob(e)
	}
	return nil
}

func gitlabMeta(path string, sender scm.User) scm.Envelope {
	repo, err := scm.ParseRepo("", path)
	if err != nil {
		repo.Name = err.Error()
	}
	return scm.Envelope{Repo: repo, Sender: sender}
}

// id is empty for nobody's.
func id(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// sha is empty for a commit of zeros.
func sha(commit string) string {
	if strings.Trim(commit, "0") == "" {
		return ""
	}
	return commit
}

func gitlabState(word string) scm.State {
	if word == "opened" {
		return scm.StateOpen
	}
	return scm.State(word)
}

func eventUser(u *gl.EventUser) scm.User { return scm.User{Login: u.Username, ID: id(u.ID)} }

func eventUsers(all []*gl.EventUser) []scm.User {
	var out []scm.User
	for _, u := range all {
		out = append(out, eventUser(u))
	}
	return out
}

func eventLabels(all []*gl.EventLabel) []string {
	var out []string
	for _, l := range all {
		out = append(out, l.Title)
	}
	return out
}

func compare(client, driver any) string { return diff.Diff(client, driver, gitlabSame...) }
