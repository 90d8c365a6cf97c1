package plugins

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// push starts the postsubmits of every branch that the push moved.
func (t trigger) push(ctx context.Context, run *chatops.Run, e *scm.Push) error {
	for _, u := range e.Updates {
		branch, ok := u.Branch()
		if !ok || u.Deleted() {
			continue
		}
		if err := t.pushed(ctx, run, e, u, branch); err != nil {
			return err
		}
	}
	return nil
}

func (t trigger) pushed(ctx context.Context, run *chatops.Run, e *scm.Push, u scm.RefUpdate, branch string) error {
	repo := e.Meta.Repo
	var changed func() ([]string, error)
	if u.Before != "" { // a new branch has nothing to compare with, so every job counts as touched
		changed = func() ([]string, error) {
			files, err := run.Client.Pulls.Compare(ctx, repo, u.Before, u.After)
			// A forced push has thrown the old commit away, or it is too much to tell.
			if errors.Is(err, scm.ErrNotFound) || errors.Is(err, scm.ErrIncomplete) {
				return nil, job.ErrChangesUnknown
			}
			return files, err
		}
	}
	refs := v1alpha1.Refs{
		Org: repo.Org, Repo: repo.Name, RepoLink: e.Link, CloneURI: e.CloneURL,
		BaseRef: branch, BaseSHA: u.After, BaseLink: e.Compare,
	}
	kept, keptErr := t.keptPostsubmits(ctx, run, inrepo.Event{Repo: repo, Refs: refs, Sender: e.Meta.Sender.Login, Before: u.Before, Link: e.Link})
	configured := t.Jobs().Postsubmits(repo)
	decisions, err := job.Postsubmits(append(configured[:len(configured):len(configured)], kept...), branch, changed)
	if err != nil {
		return errors.Join(fmt.Errorf("choose postsubmits of %v at %s: %w", repo, branch, err), keptErr)
	}
	err = t.launch(ctx, run, decisions, job.Cause{
		Delivery: run.Delivery, Type: v1alpha1.Postsubmit, Connection: repo.Connection, Refs: refs,
	})
	return errors.Join(err, keptErr)
}
