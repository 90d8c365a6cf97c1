package bitbucketserver

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// strategies are Bitbucket's ways to merge; those of no method are never enabled.
var strategies = []struct {
	id, name, flag string
	method         scm.MergeMethod
}{
	{"no-ff", "Merge commit", "--no-ff", scm.MergeCommit},
	{"ff", "Fast-forward", "--ff", ""},
	{"ff-only", "Fast-forward only", "--ff-only", scm.MergeFastForward},
	{"rebase-no-ff", "Rebase and merge", "rebase + merge --no-ff", ""},
	{"rebase-ff-only", "Rebase and fast-forward", "rebase + merge --ff-only", scm.MergeRebase},
	{"squash", "Squash", "--squash", scm.MergeSquash},
	{"squash-ff-only", "Squash, fast-forward only", "--squash --ff-only", ""},
}

// pullSettings tells the strategies; the first that is enabled is the default.
func pullSettings(c *call) (answer, error) {
	all := make([]any, len(strategies))
	var first map[string]any
	for i, s := range strategies {
		one := map[string]any{
			"id": s.id, "name": s.name, "flag": s.flag, "description": s.name, "enabled": slices.Contains(c.repo.Methods, s.method),
			"links": map[string]any{},
		}
		if all[i] = one; first == nil && one["enabled"] == true {
			first = one
		}
	}
	return ok(map[string]any{
		"mergeConfig": map[string]any{"defaultStrategy": first, "strategies": all, "type": "REPOSITORY", "commitSummaries": 20},
		"needsWork":   false, "requiredAllApprovers": false, "requiredAllTasksComplete": false, "requiredApprovers": 0, "requiredSuccessfulBuilds": 0,
		"unapproveOnUpdate": false,
	})
}

func vetoes(p *simulator.Pull) []any {
	if p.Draft {
		return []any{map[string]any{"summaryMessage": "This pull request is a draft", "detailedMessage": "Draft pull requests cannot be merged."}}
	}
	return []any{}
}

func canMerge(_ *call, p *simulator.Pull) (answer, error) {
	if p.State != scm.StateOpen {
		return fail(illegal(p))
	}
	clean := p.Mergeable()
	return ok(map[string]any{"canMerge": clean && !p.Draft, "conflicted": !clean, "outcome": outcome(p), "vetoes": vetoes(p)})
}

// mergeForm says how to merge; Bitbucket's own subject comes above the message unless it is declined.
type mergeForm struct {
	Version     *int
	StrategyID  string
	Message     string
	AutoSubject *bool
}

func (f *mergeForm) message(p *simulator.Pull) string {
	if f.AutoSubject != nil && !*f.AutoSubject && f.Message != "" {
		return f.Message
	}
	text := fmt.Sprintf("Pull request #%d: %s\n\nMerge in %s/%s from %s to %s", p.Number, p.Title, projectKey(p.Repo.Org), slugOf(p.Repo), p.Head, p.Base)
	if f.Message != "" {
		text += "\n\n" + f.Message
	}
	return text
}

// method is the one of the strategy asked for, or of the default; ok is false for one that is not enabled.
func (f *mergeForm) method(r *simulator.Repo) (m scm.MergeMethod, ok bool) {
	for _, s := range strategies {
		if slices.Contains(r.Methods, s.method) && (f.StrategyID == "" || f.StrategyID == s.id) {
			return s.method, true
		}
	}
	return "", false
}

func mergePull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[mergeForm](c)
	if err == nil {
		err = c.fresh(p, in.Version)
	}
	if err == nil && p.State != scm.StateOpen {
		err = illegal(p)
	}
	if err != nil {
		return fail(err)
	}
	method, enabled := in.method(c.repo)
	if !enabled {
		return fail(invalid("strategyId", "The merge strategy "+in.StrategyID+" is not enabled for this repository."))
	}
	err = c.MergePull(c.actor, p, simulator.Merge{Method: method, Message: in.message(p)})
	if errors.Is(err, simulator.ErrNotMergeable) {
		return fail(vetoed(p))
	}
	if err != nil {
		return fail(err)
	}
	return ok(c.view().pull(p))
}

func vetoed(p *simulator.Pull) error {
	message := "Merging the pull request has been vetoed."
	conflicted := !p.Mergeable()
	if conflicted {
		message = "The pull request has conflicts and cannot be merged."
	}
	return conflict("pull.PullRequestMergeVetoedException", message, map[string]any{"conflicted": conflicted, "vetoes": vetoes(p)})
}
