package contract

import "github.com/pharos-ci/pharos/pkg/scm"

// People that every world has.
const (
	// Bot is who the client is: it may do everything with the repositories.
	Bot = "pharos-bot"
	// Alice is a member of the organisation who may write; Bob is another.
	Alice = "alice"
	Bob   = "bob"
	// Mallory belongs to nothing.
	Mallory = "mallory"
)

// Team is a team, or subgroup, of every organisation where the forge has such; Alice and Bob are in it.
const Team = "developers"

// World is a forge to act on.
type World interface {
	Driver() scm.Driver
	// Account of the bot, with an HTTP client that carries no retries.
	Account() scm.Account
	// Repo makes a repository with files on its branch main, in a new organisation, or in a nested group where there are any.
	Repo(files map[string]string) (scm.Repo, error)
	As(login string) Person
	// PageSize is how many items the driver gets by one page at most.
	PageSize() int
}

// Person does what users of a forge do. What a forge has no way to do answers an error; cases ask the capabilities first.
type Person interface {
	Commit(repo scm.Repo, branch, newFrom string, files map[string]string) (sha string, err error)
	CommitToFork(repo scm.Repo, branch string, files map[string]string) (sha string, err error)
	SetRef(repo scm.Repo, ref, sha string) error
	Open(repo scm.Repo, pull scm.NewPull) (scm.PullRef, error)
	OpenFromFork(repo scm.Repo, pull scm.NewPull) (scm.PullRef, error)
	DeleteFork(repo scm.Repo) error
	Edit(ref scm.PullRef, patch scm.PullPatch) error
	SetDraft(ref scm.PullRef, draft bool) error
	Merge(ref scm.PullRef) error
	Comment(ref scm.PullRef, body string) (id string, err error)
	CommentIssue(ref scm.PullRef, body string) (id string, err error)
	Inline(ref scm.PullRef, path string, line int, body string) error
	EditComment(ref scm.PullRef, id, body string) error
	DeleteComment(ref scm.PullRef, id string) error
	Review(ref scm.PullRef, state scm.ReviewState, body string) error
	Withdraw(ref scm.PullRef) error
	Label(ref scm.PullRef, name string) error
	Unlabel(ref scm.PullRef, name string) error
	OpenIssue(repo scm.Repo, title, body string) (scm.PullRef, error)
	EditIssue(ref scm.PullRef, patch scm.IssuePatch) error
	Status(repo scm.Repo, sha string, s scm.Status) error
}
