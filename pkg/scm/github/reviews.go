package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type reviews struct{ *api }

// List implements scm.Reviews. Reviews that are not submitted yet are not among them.
func (r reviews) List(ctx context.Context, ref scm.PullRef) ([]scm.Review, error) {
	found, err := list[review](ctx, r.api, rest.Get("reviews.list", pullPath(ref, "reviews")))
	if err != nil {
		return nil, fmt.Errorf("list reviews of %v: %w", ref, err)
	}
	var all []scm.Review
	for i := range found {
		if one, ok := found[i].normal(); ok {
			all = append(all, one)
		}
	}
	return all, nil
}

// Submit implements scm.Reviews. Nobody may approve a pull request of one's own.
func (r reviews) Submit(ctx context.Context, ref scm.PullRef, verdict scm.NewReview) error {
	event, ok := map[scm.ReviewState]string{
		scm.ReviewApproved: "APPROVE", scm.ReviewChangesRequested: "REQUEST_CHANGES", scm.ReviewCommented: "COMMENT",
	}[verdict.State]
	if !ok {
		return fmt.Errorf("review %v: state %q: %w", ref, verdict.State, scm.ErrInvalid)
	}
	in := struct {
		Event    string `json:"event"`
		Body     string `json:"body,omitempty"`
		CommitID string `json:"commit_id,omitempty"`
	}{event, verdict.Body, verdict.SHA}
	if _, err := r.Do(ctx, rest.Post("reviews.submit", pullPath(ref, "reviews")), in, nil); err != nil {
		return fmt.Errorf("review %v: %w", ref, err)
	}
	return nil
}

// Dismiss implements scm.Reviews.
func (r reviews) Dismiss(ctx context.Context, ref scm.PullRef, id, reason string) error {
	in := struct {
		Message string `json:"message"`
	}{reason}
	if _, err := r.Do(ctx, rest.Put("reviews.dismiss", pullPath(ref, "reviews", id, "dismissals")), in, nil); err != nil {
		return fmt.Errorf("dismiss review %s of %v: %w", id, ref, err)
	}
	return nil
}

// Request implements scm.Reviews. The author of the pull request cannot be asked.
func (r reviews) Request(ctx context.Context, ref scm.PullRef, logins ...string) error {
	return r.ask(ctx, http.MethodPost, ref, logins)
}

// Unrequest implements scm.Reviews.
func (r reviews) Unrequest(ctx context.Context, ref scm.PullRef, logins ...string) error {
	return r.ask(ctx, http.MethodDelete, ref, logins)
}

func (r reviews) ask(ctx context.Context, method string, ref scm.PullRef, logins []string) error {
	if len(logins) == 0 {
		return nil
	}
	in := struct {
		Reviewers []string `json:"reviewers"`
	}{logins}
	_, err := r.Do(ctx, rest.Call{Endpoint: "reviews.request", Method: method, Path: pullPath(ref, "requested_reviewers")}, in, nil)
	if errors.Is(err, scm.ErrNotFound) { // of a person, as of the pull request
		err = fmt.Errorf("%w: %w", scm.ErrInvalid, err)
	}
	if err != nil {
		return fmt.Errorf("ask for reviews of %v: %w", ref, err)
	}
	return nil
}

// review is a review as webhooks and the API write it: the API in capitals.
type review struct {
	ID        int64     `json:"id"`
	User      *user     `json:"user"`
	State     string    `json:"state"`
	Body      string    `json:"body"`
	CommitID  string    `json:"commit_id"`
	HTMLURL   string    `json:"html_url"`
	Submitted time.Time `json:"submitted_at"`
}

func (r *review) normal() (scm.Review, bool) {
	state := scm.ReviewState(strings.ToLower(r.State))
	switch state {
	case scm.ReviewApproved, scm.ReviewChangesRequested, scm.ReviewCommented, scm.ReviewDismissed:
	default: // pending: nobody but its author sees it
		return scm.Review{}, false
	}
	return scm.Review{
		ID: strconv.FormatInt(r.ID, 10), State: state, Author: r.User.normal(), Body: r.Body,
		SHA: r.CommitID, Link: r.HTMLURL, Created: r.Submitted.UTC(),
	}, true
}
