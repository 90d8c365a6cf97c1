package simulator

import (
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// User is an account.
type User struct {
	ID    int
	Login string
	// Name is what is shown, Email is in commits.
	Name, Email string
}

// Org is an owner of repositories: an organisation, a group with its whole path, or a user.
type Org struct {
	ID   int
	Path string
	// Personal is the user whose own this is, nil for an organisation.
	Personal *User
	Members  map[string]scm.Permission
	Teams    map[string]*Team
	Hooks    []*Hook
}

// Team is a group of people of an organisation.
type Team struct {
	ID      int
	Name    string
	Members []*User
}

// Repo is a repository.
type Repo struct {
	ID            int
	Org           *Org
	Name          string
	DefaultBranch string
	Private       bool
	Archived      bool
	// Parent is what this is a fork of, nil for a repository of its own.
	Parent        *Repo
	Collaborators map[string]scm.Permission
	Methods       []scm.MergeMethod
	Labels        []*Label
	Milestones    []*Milestone
	Hooks         []*Hook
	Pulls         map[int]*Pull
	Issues        map[int]*Issue
	Statuses      map[string][]*Status
	dir           string
}

// FullName is "org/name".
func (r *Repo) FullName() string { return r.Org.Path + "/" + r.Name }

// Label is a label that a repository knows.
type Label struct {
	ID   int
	Name string
}

// Milestone is an open milestone.
type Milestone struct {
	ID, Number int
	Title      string
}

// Thing is what pull requests and issues have in common.
type Thing struct {
	ID, Number       int
	Repo             *Repo
	Title, Body      string
	Author           *User
	State            scm.State
	Labels           []*Label
	Assignees        []*User
	Milestone        *Milestone
	Comments         []*Comment
	Created, Updated time.Time
	// Gone are the deleted comments, which some vendors go on listing.
	Gone []*Comment
	// Word is the dialect's own word for the state, where the vendor has more of them.
	Word string
	// IsPull tells a pull request's from an issue's.
	IsPull bool
}

// Issue is an issue.
type Issue struct{ Thing }

// Pull is a pull request.
type Pull struct {
	Thing
	Draft bool
	// Base and Head are branches. BaseSHA is where the base stood when the pull request was last looked at.
	Base, BaseSHA string
	Head, HeadSHA string
	// HeadRepo is nil once a fork is deleted.
	HeadRepo  *Repo
	Reviewers []*User
	Reviews   []*Review
	MergeSHA  string
	MergedBy  *User
	ClosedBy  *User
	// Version counts the changes.
	Version int
}

// Comment is a comment on a pull request or issue.
type Comment struct {
	ID               int
	Author           *User
	Body             string
	Created, Updated time.Time
	// ReplyTo is the comment answered, 0 for none.
	ReplyTo int
	// Path and Line place an inline comment; SHA is the commit it was made on.
	Path string
	Line int
	SHA  string
	// Version counts the changes.
	Version int
}

// Review is a verdict.
type Review struct {
	ID        int
	Author    *User
	State     scm.ReviewState
	Body      string
	SHA       string
	Submitted time.Time
	// Was is the verdict that a dismissal withdrew.
	Was scm.ReviewState
	// Asked says that the author was one of the reviewers until this verdict.
	Asked bool
}

// Status is a commit status.
type Status struct {
	ID int
	scm.Status
	Author  *User
	Created time.Time
	// Key is the dialect's own identity of the status, where it is not the context.
	Key string
}

// Hook is a webhook.
type Hook struct {
	ID          int
	URL, Secret string
	Events      []string
	Active      bool
	// Form holds what else the dialect was told, to show it again.
	Form map[string]any

	queue *queue
}

// RefChange is one ref that a push moved. Before and After are empty for a new and a deleted one.
type RefChange struct{ Ref, Before, After string }

// Change is one thing that happened, as a webhook may tell it.
type Change struct {
	Kind   scm.Kind
	Action scm.Action
	Actor  *User
	Repo   *Repo
	Pull   *Pull
	// Issue is set for events of issues, and for comments on one.
	Issue   *Issue
	Comment *Comment
	Review  *Review
	Status  *Status
	SHA     string
	Refs    []RefChange
	Label   *Label
	// Asked and Unasked are set where a change is of who is asked for a review.
	Asked, Unasked []*User
	// Was is what an edit changed, by name: "title", "body", "base"; "head" for the commit before new ones, and "state" for
	// a verdict that was withdrawn.
	Was map[string]string
}

// Thing is the pull request or issue that a change is about.
func (c *Change) Thing() *Thing {
	switch {
	case c.Pull != nil:
		return &c.Pull.Thing
	case c.Issue != nil:
		return &c.Issue.Thing
	}
	return nil
}
