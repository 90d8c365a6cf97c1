package scmtest_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var (
	repo = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	ref  = scm.PullRef{Repo: repo, Number: 7}
)

func TestWhatTheClientWritesTheReadersShow(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice")).WithComment(ref, "alice", "/test all")
	c, ctx := forge.Client(), t.Context()
	created, err := c.Comments.Create(ctx, ref, "first")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		c.Comments.Edit(ctx, ref, created.ID, "better"),
		c.Labels.Add(ctx, ref, "lgtm"),
		c.Labels.Add(ctx, ref, "LGTM"),
		c.Labels.Add(ctx, ref, "approved"),
		c.Labels.Remove(ctx, ref, "absent"),
		c.Statuses.Set(ctx, repo, "abc", scm.Status{Context: "unit", State: scm.StatusPending}),
		c.Statuses.Set(ctx, repo, "abc", scm.Status{Context: "unit", State: scm.StatusSuccess}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"approved", "lgtm"}, forge.Labels(ref)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	var bodies []string
	for _, comment := range forge.Comments(ref) {
		bodies = append(bodies, comment.Author.Login+": "+comment.Body)
	}
	if diff := cmp.Diff([]string{"alice: /test all", scmtest.Bot + ": better"}, bodies); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]scm.Status{{Context: "unit", State: scm.StatusSuccess}}, forge.Statuses(repo, "abc")); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if n := len(forge.StatusHistory(repo, "abc")); n != 2 {
		t.Errorf("%d statuses in the history, want 2", n)
	}
}

func TestWhatIsArrangedTheClientReads(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice")).WithChanged(ref, "a.go").WithCompared(repo, "1", "2", "b.go").
		WithMember("acme", "Alice").WithCollaborator(repo, "bob")
	c, ctx := forge.Client(), t.Context()
	forge.UpdatePull(ref, func(pr *scm.PullRequest) { pr.Head.SHA = "new" })
	if pr, err := c.Pulls.Get(ctx, ref); err != nil || pr.Author.Login != "alice" || pr.Head.SHA != "new" {
		t.Errorf("pull request %v, %v", pr, err)
	}
	if files, err := c.Pulls.ChangedFiles(ctx, ref); err != nil || !slices.Equal(files, []string{"a.go"}) {
		t.Errorf("changed %v, %v", files, err)
	}
	if files, err := c.Pulls.Compare(ctx, repo, "1", "2"); err != nil || !slices.Equal(files, []string{"b.go"}) {
		t.Errorf("compared %v, %v", files, err)
	}
	if ok, err := c.Members.IsOrgMember(ctx, "acme", scm.User{Login: "alice"}); !ok || err != nil {
		t.Errorf("member = %v, %v", ok, err)
	}
	if ok, err := c.Members.IsCollaborator(ctx, repo, scm.User{Login: "alice"}); ok || err != nil {
		t.Errorf("collaborator = %v, %v", ok, err)
	}
	if _, err := c.Pulls.Get(ctx, scm.PullRef{Repo: repo, Number: 8}); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("missing pull request: %v, want ErrNotFound", err)
	}
}

func TestASnapshotIsTheReaders(t *testing.T) {
	pr := scmtest.Pull(ref, "alice")
	pr.Labels = []string{"lgtm"}
	forge := scmtest.New().WithPull(pr)
	got, err := forge.Client().Pulls.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	got.Labels[0] = "mine"
	pr.Labels[0] = "mine too"
	if diff := cmp.Diff([]string{"lgtm"}, forge.Labels(ref)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice"))
	c, ctx := forge.Client(), t.Context()
	forge.FailNext(2, scm.ErrConflict)
	for range 2 {
		if err := c.Labels.Add(ctx, ref, "lgtm"); !errors.Is(err, scm.ErrConflict) {
			t.Errorf("error = %v, want ErrConflict", err)
		}
	}
	if err := c.Labels.Add(ctx, ref, "lgtm"); err != nil {
		t.Errorf("third call: %v", err)
	}
	forge.Down(true)
	if _, err := c.Pulls.Get(ctx, ref); !errors.Is(err, scm.ErrTransient) {
		t.Errorf("error = %v, want ErrTransient", err)
	}
	forge.Down(false)
	if _, err := c.Pulls.Get(ctx, ref); err != nil {
		t.Errorf("after the outage: %v", err)
	}
	if diff := cmp.Diff(map[string]int{"Labels.Add": 3, "Pulls.Get": 2}, forge.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestClientsMayBeUsedAtOnce(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice"))
	var wg sync.WaitGroup
	for range 8 {
		c := forge.Client()
		wg.Go(func() {
			if _, err := c.Comments.Create(t.Context(), ref, "hello"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(forge.Comments(ref)) != 8 || forge.TotalCalls() != 8 {
		t.Errorf("%d comments by %d calls, want 8 each", len(forge.Comments(ref)), forge.TotalCalls())
	}
}
