package scmtest

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Bot is the account that the client of a [Forge] acts as.
const Bot = "pharos-bot"

// Forge is one forge server's state. It is safe for concurrent use; what its readers return is the caller's.
type Forge struct {
	mu            sync.Mutex
	pulls         map[scm.PullRef]*scm.PullRequest
	comments      map[scm.PullRef][]scm.Comment
	statuses      map[commitKey][]scm.Status
	changed       map[scm.PullRef][]string
	compared      map[rangeKey][]string
	members       map[pair]bool
	collaborators map[pair]bool
	nextComment   int
	faults        faults
}

type commitKey struct {
	repo scm.Repo
	sha  string
}

type rangeKey struct {
	repo          scm.Repo
	before, after string
}

// pair is an organisation or a repository, and a login; both in lower case.
type pair struct{ group, login string }

func pairOf(group, login string) pair { return pair{strings.ToLower(group), strings.ToLower(login)} }

// New is an empty forge.
func New() *Forge {
	return &Forge{
		pulls:         map[scm.PullRef]*scm.PullRequest{},
		comments:      map[scm.PullRef][]scm.Comment{},
		statuses:      map[commitKey][]scm.Status{},
		changed:       map[scm.PullRef][]string{},
		compared:      map[rangeKey][]string{},
		members:       map[pair]bool{},
		collaborators: map[pair]bool{},
		faults:        faults{calls: map[string]int{}},
	}
}

// Pull is an open pull request of a branch onto main, for tests that care for little more than its author.
func Pull(ref scm.PullRef, author string) scm.PullRequest {
	n := strconv.Itoa(ref.Number)
	return scm.PullRequest{
		Ref:    ref,
		Title:  "Change " + n,
		Author: scm.User{Login: author},
		Base:   scm.Branch{Name: "main", SHA: SHA("base"), Repo: ref.FullName()},
		Head:   scm.Branch{Name: "change-" + n, SHA: SHA("head-" + n), Repo: ref.FullName()},
		Link:   "https://forge.test/" + ref.FullName() + "/pulls/" + n,
		State:  scm.StateOpen,
	}
}

// WithPull adds or replaces a pull request.
func (f *Forge) WithPull(pr scm.PullRequest) *Forge {
	f.mu.Lock()
	defer f.mu.Unlock()
	pr.Labels = slices.Clone(pr.Labels)
	f.pulls[pr.Ref] = &pr
	return f
}

// WithMember makes login a member of an organisation.
func (f *Forge) WithMember(org, login string) *Forge {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members[pairOf(org, login)] = true
	return f
}

// WithCollaborator lets login write to a repository.
func (f *Forge) WithCollaborator(repo scm.Repo, login string) *Forge {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.collaborators[pairOf(repo.String(), login)] = true
	return f
}

// WithChanged sets the files that a pull request changes.
func (f *Forge) WithChanged(ref scm.PullRef, files ...string) *Forge {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed[ref] = slices.Clone(files)
	return f
}

// WithCompared sets the files that differ between two commits.
func (f *Forge) WithCompared(repo scm.Repo, before, after string, files ...string) *Forge {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.compared[rangeKey{repo, before, after}] = slices.Clone(files)
	return f
}

// WithComment adds a comment by anyone; the client's own are by [Bot].
func (f *Forge) WithComment(ref scm.PullRef, author, body string) *Forge {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.comment(ref, author, body)
	return f
}

// UpdatePull lets change edit a pull request, as a push or a person would. It does nothing where there is none.
func (f *Forge) UpdatePull(ref scm.PullRef, change func(*scm.PullRequest)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pr := f.pulls[ref]; pr != nil {
		change(pr)
	}
}

// Labels are the labels of a pull request in alphabetical order.
func (f *Forge) Labels(ref scm.PullRef) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	pr := f.pulls[ref]
	if pr == nil {
		return nil
	}
	return slices.Sorted(slices.Values(pr.Labels))
}

// Comments are the comments on a pull request or issue, oldest first.
func (f *Forge) Comments(ref scm.PullRef) []scm.Comment {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.comments[ref])
}

// Statuses are the newest status of each context on a commit, by context.
func (f *Forge) Statuses(repo scm.Repo, sha string) []scm.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return newest(f.statuses[commitKey{repo, sha}])
}

// StatusHistory is every status ever set on a commit, oldest first.
func (f *Forge) StatusHistory(repo scm.Repo, sha string) []scm.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.statuses[commitKey{repo, sha}])
}

// comment needs the lock. Comments are a second apart, so that their order shows in their times.
func (f *Forge) comment(ref scm.PullRef, author, body string) scm.Comment {
	f.nextComment++
	id := strconv.Itoa(f.nextComment)
	c := scm.Comment{
		ID:      id,
		Body:    body,
		Author:  scm.User{Login: author},
		Link:    "https://forge.test/" + ref.FullName() + "/pulls/" + strconv.Itoa(ref.Number) + "#comment-" + id,
		Created: time.Date(2026, 1, 1, 0, 0, f.nextComment, 0, time.UTC),
	}
	f.comments[ref] = append(f.comments[ref], c)
	return c
}

func newest(history []scm.Status) []scm.Status {
	var list []scm.Status
	for _, s := range slices.Backward(history) {
		if !slices.ContainsFunc(list, func(have scm.Status) bool { return have.Context == s.Context }) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b scm.Status) int { return strings.Compare(a.Context, b.Context) })
	return list
}
