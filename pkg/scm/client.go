package scm

import (
	"context"
	"time"
)

// Client is a forge as Pharos uses it: a struct of roles, made by [NewClient], which leaves none of them nil. A role or a
// method that the forge lacks answers [ErrUnsupported]; plugins ask [Capabilities] first.
type Client struct {
	Capabilities
	// GitToken makes the token with which git reads the repositories of an owner, where it is not the account's own: it may
	// make calls. Nil where it is.
	GitToken     func(ctx context.Context, owner string) (string, error)
	Pulls        PullRequests
	Reviews      Reviews
	Merges       Merges
	Comments     Comments
	Labels       Labels
	Issues       Issues
	Milestones   Milestones
	Statuses     Statuses
	Contents     Contents
	Members      Members
	Repositories Repositories
	Hooks        Hooks
}

// PullRequests reads and writes pull requests.
type PullRequests interface {
	// Get answers ErrNotFound for a number that is an issue.
	Get(ctx context.Context, ref PullRef) (*PullRequest, error)
	// Complete adds to what an event told of an open pull request what it left out: commits, or the login of an author. It
	// may answer with the pull request as it is now.
	Complete(ctx context.Context, told PullRequest) (*PullRequest, error)
	// List returns all open pull requests of a repository, in no particular order. Fields that the forge only tells of a
	// single pull request (Mergeable, Reviewers) may be empty.
	List(ctx context.Context, repo Repo) ([]PullRequest, error)
	// ChangedFiles lists every path that the pull request adds, changes or removes, all pages of it; of a rename the new path.
	ChangedFiles(ctx context.Context, ref PullRef) ([]string, error)
	// Compare lists the paths that differ between two commits of a repository. It answers ErrNotFound for a commit that is
	// gone and ErrIncomplete where the forge does not tell all of them.
	Compare(ctx context.Context, repo Repo, before, after string) ([]string, error)
	// Create opens a pull request from a branch of the same repository.
	Create(ctx context.Context, repo Repo, pull NewPull) (*PullRequest, error)
	// Edit changes what is not nil in the patch.
	Edit(ctx context.Context, ref PullRef, patch PullPatch) error
	// Commits lists the pull request's commits, oldest first.
	Commits(ctx context.Context, ref PullRef) ([]Commit, error)
}

// NewPull is a pull request to open.
type NewPull struct {
	Title, Body string
	// Head and Base are short branch names.
	Head, Base string
	Draft      bool
}

// PullPatch is a change of a pull request. Reopening is refused with ErrUnsupported where Capabilities.Reopen is false.
type PullPatch struct {
	Title, Body, Base *string
	// State is StateOpen or StateClosed.
	State *State
}

// Commit is one commit as a forge shows it.
type Commit struct {
	SHA     string
	Message string
	// Author is the account that the forge found for the commit's e-mail address; its Login may be empty.
	Author User
	// Email is the author's address as written in the commit.
	Email   string
	Parents []string
}

// Reviews reads and writes verdicts, and who is asked for one.
type Reviews interface {
	// List returns the reviews of a pull request, oldest first. Where a forge only has approvals, those.
	List(ctx context.Context, ref PullRef) ([]Review, error)
	// Submit reviews the pull request as the bot. SHA, if the forge takes one, is the commit reviewed.
	Submit(ctx context.Context, ref PullRef, review NewReview) error
	// Dismiss withdraws a review; its own approval where the forge lets nobody withdraw another's.
	Dismiss(ctx context.Context, ref PullRef, id, reason string) error
	// Request asks people for a review; those asked already stay so. Unknown logins answer ErrInvalid.
	Request(ctx context.Context, ref PullRef, logins ...string) error
	Unrequest(ctx context.Context, ref PullRef, logins ...string) error
}

// NewReview is a review to submit.
type NewReview struct {
	State ReviewState
	Body  string
	SHA   string
}

// Merges merges pull requests.
type Merges interface {
	// Merge merges if the head is still SHA, and answers ErrHeadMoved if it is not, or ErrNotMergeable with the forge's
	// reason. The answer is the commit on the base branch, empty where the forge does not say.
	Merge(ctx context.Context, ref PullRef, how Merge) (sha string, err error)
	// Methods lists the methods that the repository's settings allow.
	Methods(ctx context.Context, repo Repo) ([]MergeMethod, error)
}

// Merge says how to merge.
type Merge struct {
	// SHA is the head that was tested; required.
	SHA    string
	Method MergeMethod
	// Title and Body of the commit that the merge makes; the forge's own where they are empty.
	Title, Body string
}

// MergeMethod is a way to bring a pull request's commits onto its base, named as Prow's tide names them.
type MergeMethod string

// Merge methods.
const (
	MergeCommit      MergeMethod = "merge"
	MergeSquash      MergeMethod = "squash"
	MergeRebase      MergeMethod = "rebase"
	MergeFastForward MergeMethod = "fast-forward"
)

// Comments reads and writes comments on pull requests and issues.
type Comments interface {
	// List returns the comments, replies included, oldest first. Comments on lines of code are among them unless the forge
	// keeps them apart.
	List(ctx context.Context, ref PullRef) ([]Comment, error)
	Create(ctx context.Context, ref PullRef, body string) (Comment, error)
	// Reply answers a comment in its thread; where the forge has no threads it is Create.
	Reply(ctx context.Context, ref PullRef, id, body string) (Comment, error)
	Edit(ctx context.Context, ref PullRef, id, body string) error
	// Delete of a comment that is gone already succeeds.
	Delete(ctx context.Context, ref PullRef, id string) error
}

// Labels reads and writes the labels of a pull request or issue. Adding a present label or removing an absent one succeeds.
type Labels interface {
	List(ctx context.Context, ref PullRef) ([]string, error)
	// Add creates the label in the repository when it does not exist there.
	Add(ctx context.Context, ref PullRef, label string) error
	Remove(ctx context.Context, ref PullRef, label string) error
	// Defined lists the labels that the repository knows; ErrUnsupported where labels are emulated.
	Defined(ctx context.Context, repo Repo) ([]string, error)
}

// Issues reads and writes issues, and the assignees of issues and pull requests.
type Issues interface {
	// Get answers ErrNotFound for a number that is a pull request.
	Get(ctx context.Context, ref PullRef) (*Issue, error)
	Create(ctx context.Context, repo Repo, title, body string) (*Issue, error)
	Edit(ctx context.Context, ref PullRef, patch IssuePatch) error
	// Assign and Unassign leave other assignees alone. Logins that cannot be assigned answer ErrInvalid.
	Assign(ctx context.Context, ref PullRef, logins ...string) error
	Unassign(ctx context.Context, ref PullRef, logins ...string) error
}

// IssuePatch is a change of an issue; what is nil stays.
type IssuePatch struct {
	Title, Body *string
	// State is StateOpen or StateClosed.
	State *State
}

// Milestones reads milestones and puts pull requests and issues into them.
type Milestones interface {
	// List returns the titles of the open milestones.
	List(ctx context.Context, repo Repo) ([]string, error)
	// Set answers ErrNotFound for a title that no open milestone has; the empty title takes the pull request out of its own.
	Set(ctx context.Context, ref PullRef, title string) error
}

// Statuses writes commit statuses.
type Statuses interface {
	// Set posts a status; the same context on the same commit replaces the one before.
	Set(ctx context.Context, repo Repo, sha string, status Status) error
	// List returns the newest status of each context on a commit, check runs of the same meaning included.
	List(ctx context.Context, repo Repo, sha string) ([]Status, error)
}

// StatusState is a commit status's state.
type StatusState string

// States of a commit status, named as GitHub names them; drivers map them to what their forge has.
const (
	StatusPending StatusState = "pending"
	StatusSuccess StatusState = "success"
	StatusFailure StatusState = "failure"
	StatusError   StatusState = "error"
)

// Status is one commit status.
type Status struct {
	Context     string      `json:"context"`
	State       StatusState `json:"state"`
	Description string      `json:"description,omitempty"`
	// TargetURL is where "details" leads.
	TargetURL string `json:"targetURL,omitempty"`
}

// Contents reads files and branches where a git mirror would be too much.
type Contents interface {
	// Read returns a file at a commit or branch, ErrNotFound for a path that is none.
	Read(ctx context.Context, repo Repo, path, at string) ([]byte, error)
	// Branch is the commit that a branch points at.
	Branch(ctx context.Context, repo Repo, branch string) (sha string, err error)
	// DeleteBranch of a branch that is gone already succeeds.
	DeleteBranch(ctx context.Context, repo Repo, branch string) error
}

// Members answers questions of trust. "No" is a nil error with false; an error means that nobody knows. Users are known by
// their logins, and by their ids where Capabilities.OpenNames.
type Members interface {
	// IsOrgMember asks about membership of the organisation or group that owns a repository.
	IsOrgMember(ctx context.Context, org string, user User) (bool, error)
	// IsCollaborator asks whether a user may write to the repository.
	IsCollaborator(ctx context.Context, repo Repo, user User) (bool, error)
	// Permission is what a user may do with the repository, however it was granted.
	Permission(ctx context.Context, repo Repo, user User) (Permission, error)
	// TeamMembers lists the logins of a team, named by its slug, or of a subgroup; ErrUnsupported without Capabilities.Teams.
	TeamMembers(ctx context.Context, org, team string) ([]string, error)
}

// Permission is what an account may do with a repository; a higher value includes the lower ones.
type Permission int

// Permissions. A forge without triage or maintain never answers them.
const (
	PermissionNone Permission = iota
	PermissionRead
	PermissionTriage
	PermissionWrite
	PermissionMaintain
	PermissionAdmin
)

// Repositories reads what is known of repositories.
type Repositories interface {
	Get(ctx context.Context, repo Repo) (*Repository, error)
	// List returns the repositories of an organisation, or group with its subgroups, archived ones left out.
	List(ctx context.Context, org string) ([]Repository, error)
}

// Repository is one repository as its forge describes it.
type Repository struct {
	Repo Repo
	// ID stays the same when the repository is renamed or moved.
	ID            string
	DefaultBranch string
	CloneURL      string
	Link          string
	Private       bool
}

// Hooks installs webhooks on a repository, or on an organisation where Capabilities.OrgHooks.
type Hooks interface {
	List(ctx context.Context, on HookTarget) ([]Hook, error)
	// Create subscribes to exactly the events that the driver parses.
	Create(ctx context.Context, on HookTarget, hook NewHook) error
	// Update replaces address, secret and events of a hook.
	Update(ctx context.Context, on HookTarget, id string, hook NewHook) error
	// Delete of a hook that is gone already succeeds.
	Delete(ctx context.Context, on HookTarget, id string) error
	// Failed lists deliveries that did not arrive since a moment, oldest first; ErrUnsupported without Capabilities.Redelivery.
	Failed(ctx context.Context, on HookTarget, id string, since time.Time) ([]FailedDelivery, error)
	// Redeliver asks the forge to send a delivery once more.
	Redeliver(ctx context.Context, on HookTarget, id, delivery string) error
}
