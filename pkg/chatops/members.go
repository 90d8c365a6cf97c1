package chatops

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// How long an answer about a person is believed. A yes may be out of date for as long as a person who leaves can start
// tests; a no must not keep a new member waiting.
const (
	believeYes = 5 * time.Minute
	believeNo  = 15 * time.Second
)

// maxAnswers bounds the memory of one connection, about 2 MiB; past it everything is asked anew.
const maxAnswers = 16384

// RememberMembers answers questions of trust from memory for a while, because the same few people cause most events.
// Errors are never remembered.
func RememberMembers(forge scm.Members, now func() time.Time) scm.Members {
	return &remembered{Members: forge, now: now, answers: map[question]answer{}}
}

type question struct {
	// scope is the organisation or "org/name".
	scope, login, id string
}

type answer struct {
	yes   bool
	until time.Time
}

// remembered passes on what it does not know to remember: permissions and teams are asked for rarely, and then anew.
type remembered struct {
	scm.Members
	now func() time.Time

	mu      sync.Mutex
	answers map[question]answer
}

// IsOrgMember implements scm.Members.
func (r *remembered) IsOrgMember(ctx context.Context, org string, user scm.User) (bool, error) {
	return r.ask(question{org, strings.ToLower(user.Login), user.ID}, func() (bool, error) { return r.Members.IsOrgMember(ctx, org, user) })
}

// IsCollaborator implements scm.Members.
func (r *remembered) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	return r.ask(question{repo.FullName() + "/", strings.ToLower(user.Login), user.ID}, func() (bool, error) { return r.Members.IsCollaborator(ctx, repo, user) })
}

func (r *remembered) ask(q question, forge func() (bool, error)) (bool, error) {
	r.mu.Lock()
	known, ok := r.answers[q]
	r.mu.Unlock()
	if ok && r.now().Before(known.until) {
		return known.yes, nil
	}
	yes, err := forge()
	if err != nil {
		return false, err
	}
	believe := believeNo
	if yes {
		believe = believeYes
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.answers) >= maxAnswers {
		clear(r.answers)
	}
	r.answers[q] = answer{yes, r.now().Add(believe)}
	return yes, nil
}
