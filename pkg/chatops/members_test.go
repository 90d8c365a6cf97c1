package chatops_test

import (
	"context"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

func TestMembersAreRememberedForAWhile(t *testing.T) {
	repo := scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	forge := scmtest.New().WithMember("acme", "alice")
	m := chatops.RememberMembers(forge.Client().Members, func() time.Time { return now })
	ask := func(login string, want bool, calls int) {
		t.Helper()
		if got, err := m.IsOrgMember(t.Context(), "acme", scm.User{Login: login}); got != want || err != nil {
			t.Errorf("member %s = %v, %v; want %v", login, got, err, want)
		}
		if got := forge.TotalCalls(); got != calls {
			t.Errorf("%d calls so far, want %d", got, calls)
		}
	}
	ask("alice", true, 1)
	ask("Alice", true, 1)
	ask("mallory", false, 2)
	ask("mallory", false, 2)
	forge.WithMember("acme", "mallory")
	now = now.Add(20 * time.Second)
	ask("mallory", true, 3) // a no is forgotten soon
	ask("alice", true, 3)
	now = now.Add(5 * time.Minute)
	ask("alice", true, 4) // a yes after a while

	forge.Down(true)
	if _, err := m.IsCollaborator(t.Context(), repo, scm.User{Login: "alice"}); err == nil {
		t.Error("a forge that is down answered")
	}
	forge.Down(false)
	if got, err := m.IsCollaborator(t.Context(), repo, scm.User{Login: "alice"}); got || err != nil {
		t.Errorf("collaborator = %v, %v: membership or an error was taken for it", got, err)
	}
}

func TestChangedFilesAreRememberedUntilTheHeadMoves(t *testing.T) {
	ref := scm.PullRef{Repo: scm.Repo{Connection: "main", Org: "acme", Name: "app"}, Number: 7}
	pull := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(pull).WithChanged(ref, "a.go")
	asks := chatops.Plugin{Name: "a", PullRequest: func(ctx context.Context, r *chatops.Run, e *scm.PullRequestEvent) error {
		_, err := r.ChangedFiles(ctx, e.Pull.Ref)
		return err
	}}
	d := &chatops.Dispatcher{Plugins: []chatops.Plugin{asks}, Enabled: func(scm.Repo) []string { return []string{"a"} }, Forges: only{forge}}
	send := func(calls int) {
		t.Helper()
		e := &scm.PullRequestEvent{Meta: scm.Envelope{ID: "1", Repo: ref.Repo}, Action: scm.ActionEdited, Pull: pull}
		if _, err := d.Dispatch(t.Context(), "d", e, chatops.Report{}); err != nil {
			t.Fatal(err)
		}
		if got := forge.TotalCalls(); got != calls {
			t.Errorf("%d calls so far, want %d", got, calls)
		}
	}
	send(1)
	send(1)
	pull.Head.SHA = scmtest.SHA("another")
	send(2)
	pull.Base.Name = "release"
	send(3)
}

type only struct{ forge *scmtest.Forge }

func (o only) Client(string) (*scm.Client, error) { return o.forge.Client(), nil }
func (only) Bot(string) string                    { return scmtest.Bot }
