package emulate_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/emulate"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var ref = scm.PullRef{Repo: scm.Repo{Connection: "main", Org: "acme", Name: "app"}, Number: 7}

func labels(forge *scmtest.Forge) *emulate.Labels {
	return &emulate.Labels{Comments: forge.Client().Comments, IsBot: func(u scm.User) bool { return u.Login == scmtest.Bot }}
}

func TestLabelsAreKeptInOneCommentOfTheBot(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice")).WithComment(ref, "alice", "hello")
	l := labels(forge)
	var work sync.WaitGroup
	for i := range 5 {
		work.Go(func() {
			if err := l.Add(t.Context(), ref, fmt.Sprintf("kind/%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	for _, err := range []error{l.Add(t.Context(), ref, "Kind/0"), l.Remove(t.Context(), ref, "KIND/1"), l.Remove(t.Context(), ref, "never-was")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := labels(forge).List(t.Context(), ref) // another process reads the same
	slices.Sort(got)
	if want := []string{"kind/0", "kind/2", "kind/3", "kind/4"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("labels %q, %v; want %q", got, err, want)
	}
	if all := forge.Comments(ref); len(all) != 2 || !strings.Contains(all[1].Body, "- `kind/2`") {
		t.Errorf("the comments are %+v", all)
	}
	for _, name := range got {
		if err := l.Remove(t.Context(), ref, name); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := l.List(t.Context(), ref); err != nil || len(got) != 0 {
		t.Errorf("labels %q, %v; want none", got, err)
	}
}

func TestNobodyElseCanForgeALabel(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "mallory"))
	l := labels(forge)
	if err := l.Add(t.Context(), ref, "size/XS"); err != nil {
		t.Fatal(err)
	}
	forged := strings.ReplaceAll(forge.Comments(ref)[0].Body, "size/XS", "approved")
	forge = scmtest.New().WithPull(scmtest.Pull(ref, "mallory")).WithComment(ref, "mallory", forged)
	if got, err := labels(forge).List(t.Context(), ref); err != nil || len(got) != 0 {
		t.Errorf("labels %q, %v; want none", got, err)
	}
}

func TestALabelThatCannotBeKeptIsRefused(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice"))
	for _, name := range []string{"", "a`b", "a\nb"} {
		if err := labels(forge).Add(t.Context(), ref, name); err == nil {
			t.Errorf("label %q was taken", name)
		}
	}
}
