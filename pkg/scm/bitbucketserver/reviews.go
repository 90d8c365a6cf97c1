package bitbucketserver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// reviews are the states of a pull request's participants: each has one, so that a review's id is its author's slug.
type reviews struct {
	*api
	bot string
}

// verdicts by Bitbucket's names; UNAPPROVED is none.
var verdicts = map[string]scm.ReviewState{"APPROVED": scm.ReviewApproved, "NEEDS_WORK": scm.ReviewChangesRequested}

// List implements scm.Reviews. Bitbucket does not tell when they were given, so reviewers come before other participants.
func (r reviews) List(ctx context.Context, ref scm.PullRef) ([]scm.Review, error) {
	now, err := r.pull(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("list reviews of %v: %w", ref, err)
	}
	var all []scm.Review
	for _, people := range [][]participant{now.Reviewers, now.Participants} {
		for i := range people {
			one, err := people[i].review()
			if err != nil {
				return nil, fmt.Errorf("list reviews of %v: %w", ref, err)
			}
			if one.State != "" {
				all = append(all, one)
			}
		}
	}
	return all, nil
}

// Submit implements scm.Reviews. The body becomes a comment; a review that only comments is nothing else. The author of a pull
// request cannot review it.
func (r reviews) Submit(ctx context.Context, ref scm.PullRef, verdict scm.NewReview) error {
	status, ok := map[scm.ReviewState]string{
		scm.ReviewApproved: "APPROVED", scm.ReviewChangesRequested: "NEEDS_WORK", scm.ReviewCommented: "",
	}[verdict.State]
	if !ok {
		return fmt.Errorf("review %v: state %q: %w", ref, verdict.State, scm.ErrInvalid)
	}
	if status != "" {
		me, err := r.find(ctx, r.bot, nil)
		if err == nil && me == nil {
			err = fmt.Errorf("no account %q: %w", r.bot, scm.ErrNotFound)
		}
		if err == nil {
			err = r.set(ctx, ref, me.Slug, status, verdict.SHA)
		}
		if err != nil {
			return fmt.Errorf("review %v: %w", ref, err)
		}
	}
	if verdict.Body == "" {
		return nil
	}
	_, err := comments{r.api}.Create(ctx, ref, verdict.Body)
	return err
}

// Dismiss implements scm.Reviews. Nobody withdraws another's verdict; there is no place for a reason.
func (r reviews) Dismiss(ctx context.Context, ref scm.PullRef, id, _ string) error {
	if err := r.set(ctx, ref, id, "UNAPPROVED", ""); err != nil {
		return fmt.Errorf("dismiss review %s of %v: %w", id, ref, err)
	}
	return nil
}

// set changes the bot's own status. Bitbucket refuses one for a commit that is not the head.
func (r reviews) set(ctx context.Context, ref scm.PullRef, slug, status, sha string) error {
	in := struct {
		Status string `json:"status"`
		SHA    string `json:"lastReviewedCommit,omitempty"`
	}{status, sha}
	_, err := r.Do(ctx, rest.Put("reviews.submit", pullPath(ref, "participants", slug)), in, nil)
	return err
}

// Request implements scm.Reviews.
func (r reviews) Request(ctx context.Context, ref scm.PullRef, logins ...string) error {
	for _, login := range logins {
		in := struct {
			User named  `json:"user"`
			Role string `json:"role"`
		}{named{login}, "REVIEWER"}
		_, err := r.Do(ctx, rest.Post("reviews.request", pullPath(ref, "participants")), in, nil)
		if errors.Is(err, scm.ErrNotFound) || errors.Is(err, scm.ErrConflict) { // of a person, as of the pull request
			err = fmt.Errorf("%w: %w", scm.ErrInvalid, err)
		}
		if err != nil {
			return fmt.Errorf("ask %s for a review of %v: %w", login, ref, err)
		}
	}
	return nil
}

// Unrequest implements scm.Reviews.
func (r reviews) Unrequest(ctx context.Context, ref scm.PullRef, logins ...string) error {
	now, err := r.pull(ctx, ref)
	if err != nil {
		return fmt.Errorf("list reviewers of %v: %w", ref, err)
	}
	for _, one := range now.Reviewers {
		if one.User == nil || !contains(logins, one.User.Name) {
			continue
		}
		if _, err := r.Do(ctx, rest.Delete("reviews.unrequest", pullPath(ref, "participants", one.User.Slug)), nil, nil); err != nil {
			return fmt.Errorf("no longer ask %s for a review of %v: %w", one.User.Name, ref, err)
		}
	}
	return nil
}

func contains(logins []string, login string) bool {
	for _, one := range logins {
		if strings.EqualFold(one, login) {
			return true
		}
	}
	return false
}

// named is a user and reviewer one that is asked, as they are written.
type (
	named struct {
		Name string `json:"name"`
	}
	reviewer struct {
		User named `json:"user"`
	}
)

// participant is somebody's part in a pull request.
type participant struct {
	User   *user  `json:"user"`
	Status string `json:"status"`
	// LastReviewed is the head that the status was given for.
	LastReviewed string `json:"lastReviewedCommit"`
}

// review is the participant's verdict, without a state if there is none.
func (p *participant) review() (scm.Review, error) {
	sha, err := scm.CommitID(p.LastReviewed)
	if err != nil || p.User == nil {
		return scm.Review{}, err
	}
	return scm.Review{ID: p.User.Slug, State: verdicts[p.Status], Author: p.User.normal(), SHA: sha}, nil
}
