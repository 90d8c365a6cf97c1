package plugins_test

import (
	"slices"
	"testing"

	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

// Some forges tell neither the head of a pull request nor what of it was edited.
func TestAHeadThatNoEventTellsIsTestedOnce(t *testing.T) {
	now := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(now).WithMember("acme", "alice").WithChanged(ref, "README.md")
	s := newScene(t, forge, plugins.TriggerSettings{})
	told := func(action scm.Action) *scm.PullRequestEvent {
		e := pullEvent(action, now)
		e.Pull.Head.SHA = ""
		return e
	}
	var heads []string
	steps := func(actions ...scm.Action) {
		t.Helper()
		for _, action := range actions {
			s.send(t, told(action))
		}
		heads = nil
		for _, pj := range s.launcher.runs {
			heads = append(heads, pj.Spec.Refs.Pulls[0].SHA)
		}
	}
	steps(scm.ActionOpened, scm.ActionEdited, scm.ActionSynchronize)
	if want := []string{now.Head.SHA}; !slices.Equal(heads, want) {
		t.Errorf("tested are %q, want %q", heads, want)
	}
	second := scmtest.SHA("second")
	forge.UpdatePull(ref, func(p *scm.PullRequest) { p.Head.SHA, p.Draft = second, true })
	steps(scm.ActionEdited)
	if len(heads) != 1 {
		t.Errorf("a draft is tested: %q", heads)
	}
	forge.UpdatePull(ref, func(p *scm.PullRequest) { p.Draft = false })
	steps(scm.ActionEdited, scm.ActionEdited)
	swept := pullEvent(scm.ActionSynchronize, now)
	swept.Pull.Head.SHA, swept.Meta.Native = second, scm.NativeSweep
	s.send(t, swept) // which cannot know that the event before told of the same head
	steps()
	if want := []string{now.Head.SHA, second}; !slices.Equal(heads, want) {
		t.Errorf("tested are %q, want %q", heads, want)
	}
}

func TestAHeadOfAForkIsFetchedFromThereWhereNoRefKeepsIt(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	pull.Head.Repo, pull.Head.CloneURL = "alice/app", "https://forge.test/alice/app.git"
	for name, tc := range map[string]struct{ headRef, wantRef, wantFrom string }{
		"a ref keeps it": {"refs/pull/%d/head", "refs/pull/7/head", ""},
		"no ref does":    {"", "refs/heads/" + pull.Head.Name, "https://forge.test/alice/app.git"},
	} {
		t.Run(name, func(t *testing.T) {
			got := plugins.PullRefs(&pull, tc.headRef).Pulls[0]
			if got.Ref != tc.wantRef || got.CloneURI != tc.wantFrom {
				t.Errorf("fetched is %s from %q, want %s from %q", got.Ref, got.CloneURI, tc.wantRef, tc.wantFrom)
			}
		})
	}
}
