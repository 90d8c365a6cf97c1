package bitbucketcloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type reviews struct{ *api }

// participant is somebody who takes part in a pull request. State is null, approved or changes_requested.
type participant struct {
	User     *account  `json:"user"`
	Approved bool      `json:"approved"`
	State    string    `json:"state"`
	At       time.Time `json:"participated_on"`
}

func (p *participant) verdict() (scm.ReviewState, bool) {
	switch {
	case p.State == "changes_requested":
		return scm.ReviewChangesRequested, true
	case p.State == "approved" || p.Approved:
		return scm.ReviewApproved, true
	}
	return "", false
}

// List implements scm.Reviews. Bitbucket keeps one verdict of each person, which is known by who gave it, and not the commit
// that it was given for.
func (r reviews) List(ctx context.Context, ref scm.PullRef) ([]scm.Review, error) {
	found, err := pulls(r).get(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("list reviews of %v: %w", ref, err)
	}
	var all []scm.Review
	for i := range found.Participants {
		p := &found.Participants[i]
		if state, ok := p.verdict(); ok {
			author := p.User.normal()
			all = append(all, scm.Review{ID: author.ID, State: state, Author: author, Link: found.Links.HTML.Href, Created: p.At.UTC()})
		}
	}
	slices.SortStableFunc(all, func(a, b scm.Review) int { return a.Created.Compare(b.Created) })
	return all, nil
}

// Submit implements scm.Reviews. A verdict has no text of its own: the body becomes a comment after it. One that was given
// before stands, though Bitbucket calls a second one a conflict.
func (r reviews) Submit(ctx context.Context, ref scm.PullRef, review scm.NewReview) error {
	verb, ok := map[scm.ReviewState]string{
		scm.ReviewApproved: "approve", scm.ReviewChangesRequested: "request-changes", scm.ReviewCommented: "",
	}[review.State]
	if !ok || verb == "" && review.Body == "" {
		return fmt.Errorf("review %v: state %q with %d bytes of text: %w", ref, review.State, len(review.Body), scm.ErrInvalid)
	}
	if verb != "" {
		if _, err := r.Do(ctx, rest.Post("reviews.submit", pullPath(ref, verb)), nil, nil); err != nil && !errors.Is(err, scm.ErrConflict) {
			return fmt.Errorf("review %v: %w", ref, err)
		}
	}
	if review.Body == "" {
		return nil
	}
	_, err := comments(r).Create(ctx, ref, review.Body)
	return err
}

// Dismiss implements scm.Reviews for the bot's own verdict, the only one that Bitbucket lets it withdraw; those of others
// answer ErrForbidden where the account's login is known. There is no place for the reason.
func (r reviews) Dismiss(ctx context.Context, ref scm.PullRef, id, _ string) error {
	found, err := pulls(r).get(ctx, ref)
	if err != nil {
		return fmt.Errorf("dismiss review %s of %v: %w", id, ref, err)
	}
	i := slices.IndexFunc(found.Participants, func(p participant) bool { return p.User.normal().ID == id })
	if i < 0 || id == "" {
		return fmt.Errorf("dismiss review %s of %v: %w", id, ref, scm.ErrNotFound)
	}
	given := &found.Participants[i]
	if author := given.User.normal().Login; r.bot != "" && !strings.EqualFold(author, r.bot) {
		return fmt.Errorf("dismiss review of %s of %v: it is not the bot's own: %w", author, ref, scm.ErrForbidden)
	}
	verb := "approve"
	switch state, ok := given.verdict(); {
	case !ok:
		return nil // withdrawn already
	case state == scm.ReviewChangesRequested:
		verb = "request-changes"
	}
	_, err = r.Do(ctx, rest.Delete("reviews.dismiss", pullPath(ref, verb)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) { // withdrawn in between
		return fmt.Errorf("dismiss review %s of %v: %w", id, ref, err)
	}
	return nil
}

// Request implements scm.Reviews. Only members of the workspace can be asked, because Bitbucket finds nobody by nickname.
func (r reviews) Request(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if len(logins) == 0 {
		return nil
	}
	people, err := r.people(ctx, ref.Org, logins)
	if err != nil {
		return fmt.Errorf("ask for reviews of %v: %w", ref, err)
	}
	err = pulls(r).change(ctx, ref, func(in *pullInput) error {
		for _, one := range people {
			if asked := one.ref(); !slices.Contains(*in.Reviewers, asked) {
				*in.Reviewers = append(*in.Reviewers, asked)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ask for reviews of %v: %w", ref, err)
	}
	return nil
}

// Unrequest implements scm.Reviews; whoever is not asked need not be.
func (r reviews) Unrequest(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if len(logins) == 0 {
		return nil
	}
	now, err := pulls(r).get(ctx, ref)
	if err == nil {
		gone := map[accountRef]bool{}
		for i := range now.Reviewers {
			if one := &now.Reviewers[i]; contains(logins, one.normal().Login) {
				gone[one.ref()] = true
			}
		}
		if len(gone) == 0 {
			return nil
		}
		err = pulls(r).change(ctx, ref, func(in *pullInput) error {
			*in.Reviewers = slices.DeleteFunc(*in.Reviewers, func(one accountRef) bool { return gone[one] })
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("ask no longer for reviews of %v: %w", ref, err)
	}
	return nil
}
