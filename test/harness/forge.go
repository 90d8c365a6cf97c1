package harness

import (
	"context"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Forge is a forge as people use it, so that one test can tell its story on every kind.
type Forge interface {
	// Kind and Address are what config.yaml names it by.
	Kind() string
	Address() string
	// BotName is what config.yaml calls the bot.
	BotName() string
	// OrgName is a name for an organisation that the forge takes, made of any.
	OrgName(name string) string
	// Prepare makes the bot, the people, an organisation whose members may write, and a repository with files.
	Prepare(org, repo string, files map[string]string) error
	// BotToken makes a token for the bot.
	BotToken(ctx context.Context, name string) (string, error)
	// Hook sends every event of a repository to url, signed with secret.
	Hook(org, repo, url, secret string) error
	// Commit writes one file and returns the commit's SHA.
	Commit(ch Change) (string, error)
	// Open opens a pull request from an existing branch of the repository.
	Open(ch Change, title string) (*Pull, error)
	// OpenForkPull opens a pull request of one changed file from a user's fork.
	OpenForkPull(ch Change, title string) (*Pull, error)
	// Reopen closes a pull request and opens it again; scm.ErrUnsupported where no webhook tells of that.
	Reopen(p *Pull) error
	Comment(p *Pull, as, body string) error
	// Comments are the bodies of a pull request's comments by one author, oldest first.
	Comments(p *Pull, by string) ([]string, error)
	Labels(p *Pull) ([]string, error)
	// Status is a commit's newest status of one context, nil when there is none, and how many were posted for it.
	Status(org, repo, sha, statusContext string) (newest *scm.Status, posted int, err error)
	// Merge merges as an administrator and returns the commit on main; it may be refused for a while.
	Merge(p *Pull) (string, error)
	// Redeliver asks the forge to send a delivery once more, in its own way.
	Redeliver(ctx context.Context, org, repo string, delivery Recorded) error
}

// Change is one file written by one commit.
type Change struct {
	Org, Repo string
	// As is the committing user; empty is the administrator.
	As string
	// Branch to commit to. NewFrom, when given, is the branch that Branch is first made from.
	Branch, NewFrom string
	Path, Content   string
}

// Pull is a pull request that the harness opened.
type Pull struct {
	Org, Repo string
	Number    int64
	SHA       string
	Link      string
}

// OpenPull opens a pull request of one changed file on a new branch, as a user with write access.
func OpenPull(f Forge, ch Change, title string) (*Pull, error) {
	if _, err := f.Commit(ch); err != nil {
		return nil, err
	}
	return f.Open(ch, title)
}
