package gitlab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type reviews struct{ *api }

// approvals are what GitLab keeps of verdicts: who approves, whatever the commit.
type approvals struct {
	By []struct {
		User user      `json:"user"`
		At   time.Time `json:"approved_at"`
	} `json:"approved_by"`
	Own bool `json:"user_has_approved"`
}

func (r reviews) approvals(ctx context.Context, ref scm.PullRef) (*approvals, error) {
	var answer approvals
	_, err := r.Do(ctx, rest.Get("reviews.list", pullKind.path(ref, "approvals")), nil, &answer)
	return &answer, err
}

// List implements scm.Reviews. An approval's id is its author's.
func (r reviews) List(ctx context.Context, ref scm.PullRef) ([]scm.Review, error) {
	found, err := r.approvals(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("list reviews of %v: %w", ref, err)
	}
	var all []scm.Review
	for i := range found.By {
		one := &found.By[i]
		all = append(all, scm.Review{
			ID: number(one.User.ID), State: scm.ReviewApproved, Author: one.User.normal(), Created: one.At.UTC(),
		})
	}
	slices.SortStableFunc(all, func(a, b scm.Review) int { return a.Created.Compare(b.Created) })
	return all, nil
}

// Submit implements scm.Reviews. A body becomes a comment. Approving again succeeds.
func (r reviews) Submit(ctx context.Context, ref scm.PullRef, verdict scm.NewReview) error {
	var err error
	switch verdict.State {
	case scm.ReviewApproved:
		err = r.approve(ctx, ref, verdict.SHA)
	case scm.ReviewCommented:
	case scm.ReviewChangesRequested:
		err = scm.ErrUnsupported
	default:
		err = fmt.Errorf("state %q: %w", verdict.State, scm.ErrInvalid)
	}
	if err == nil && verdict.Body != "" {
		_, err = comments(r).create(ctx, pullKind, ref, verdict.Body)
	}
	if err != nil {
		return fmt.Errorf("review %v: %w", ref, err)
	}
	return nil
}

// approve knows that GitLab refuses a second approval as it refuses one that is not allowed.
func (r reviews) approve(ctx context.Context, ref scm.PullRef, sha string) error {
	in := struct {
		SHA string `json:"sha,omitempty"`
	}{sha}
	_, err := r.Do(ctx, rest.Post("reviews.submit", pullKind.path(ref, "approve")), in, nil)
	switch {
	case errors.Is(err, scm.ErrConflict):
		return fmt.Errorf("%w: %w", scm.ErrHeadMoved, err)
	case errors.Is(err, scm.ErrForbidden):
		if given, failure := r.approvals(ctx, ref); failure == nil && given.Own {
			return nil
		}
	}
	return err
}

// Dismiss implements scm.Reviews. GitLab lets nobody withdraw another's approval, and keeps no reason.
func (r reviews) Dismiss(ctx context.Context, ref scm.PullRef, id, _ string) error {
	var self user
	_, err := r.Do(ctx, rest.Get("users.self", []string{"user"}), nil, &self)
	if err == nil && number(self.ID) != id {
		err = fmt.Errorf("the approval is another's: %w", scm.ErrForbidden)
	}
	if err == nil {
		_, err = r.Do(ctx, rest.Post("reviews.dismiss", pullKind.path(ref, "unapprove")), nil, nil)
	}
	if err != nil {
		return fmt.Errorf("dismiss review %s of %v: %w", id, ref, err)
	}
	return nil
}

// Request implements scm.Reviews. Without a paid plan GitLab keeps one reviewer only, which is ErrInvalid too.
func (r reviews) Request(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if err := r.ask(ctx, ref, logins, joined); err != nil {
		return fmt.Errorf("ask for reviews of %v: %w", ref, err)
	}
	return nil
}

// Unrequest implements scm.Reviews.
func (r reviews) Unrequest(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if err := r.ask(ctx, ref, logins, parted); err != nil {
		return fmt.Errorf("no longer ask for reviews of %v: %w", ref, err)
	}
	return nil
}

func (r reviews) ask(ctx context.Context, ref scm.PullRef, logins []string, change change) error {
	if len(logins) == 0 {
		return nil
	}
	now, err := r.get(ctx, ref)
	if err != nil {
		return err
	}
	return r.replace(ctx, now.Reviewers, logins, change, func(ids []int64) ([]user, error) {
		var after mergeRequest
		_, err := r.Do(ctx, rest.Put("reviews.request", pullKind.path(ref)), thingPatch{Reviewers: ids}, &after)
		return after.Reviewers, err
	})
}
