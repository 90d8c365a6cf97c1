package scm

import (
	"context"
	"time"
)

// NewClient completes a client: each role that the driver left nil becomes one whose every method answers [ErrUnsupported].
func NewClient(c Client) *Client {
	if c.Pulls == nil {
		c.Pulls = noPullRequests{}
	}
	if c.Reviews == nil {
		c.Reviews = noReviews{}
	}
	if c.Merges == nil {
		c.Merges = noMerges{}
	}
	if c.Comments == nil {
		c.Comments = noComments{}
	}
	if c.Labels == nil {
		c.Labels = noLabels{}
	}
	if c.Issues == nil {
		c.Issues = noIssues{}
	}
	if c.Milestones == nil {
		c.Milestones = noMilestones{}
	}
	if c.Statuses == nil {
		c.Statuses = noStatuses{}
	}
	if c.Contents == nil {
		c.Contents = noContents{}
	}
	if c.Members == nil {
		c.Members = noMembers{}
	}
	if c.Repositories == nil {
		c.Repositories = noRepositories{}
	}
	if c.Hooks == nil {
		c.Hooks = noHooks{}
	}
	return &c
}

type (
	noPullRequests struct{}
	noReviews      struct{}
	noMerges       struct{}
	noComments     struct{}
	noLabels       struct{}
	noIssues       struct{}
	noMilestones   struct{}
	noStatuses     struct{}
	noContents     struct{}
	noMembers      struct{}
	noRepositories struct{}
	noHooks        struct{}
)

func (noPullRequests) Get(context.Context, PullRef) (*PullRequest, error) {
	return nil, ErrUnsupported
}

func (noPullRequests) Complete(context.Context, PullRequest) (*PullRequest, error) {
	return nil, ErrUnsupported
}

func (noPullRequests) List(context.Context, Repo) ([]PullRequest, error) {
	return nil, ErrUnsupported
}

func (noPullRequests) ChangedFiles(context.Context, PullRef) ([]string, error) {
	return nil, ErrUnsupported
}

func (noPullRequests) Compare(context.Context, Repo, string, string) ([]string, error) {
	return nil, ErrUnsupported
}

func (noPullRequests) Create(context.Context, Repo, NewPull) (*PullRequest, error) {
	return nil, ErrUnsupported
}

func (noPullRequests) Edit(context.Context, PullRef, PullPatch) error {
	return ErrUnsupported
}

func (noPullRequests) Commits(context.Context, PullRef) ([]Commit, error) {
	return nil, ErrUnsupported
}

func (noReviews) List(context.Context, PullRef) ([]Review, error) {
	return nil, ErrUnsupported
}

func (noReviews) Submit(context.Context, PullRef, NewReview) error {
	return ErrUnsupported
}

func (noReviews) Dismiss(context.Context, PullRef, string, string) error {
	return ErrUnsupported
}

func (noReviews) Request(context.Context, PullRef, ...string) error {
	return ErrUnsupported
}

func (noReviews) Unrequest(context.Context, PullRef, ...string) error {
	return ErrUnsupported
}

func (noMerges) Merge(context.Context, PullRef, Merge) (string, error) {
	return "", ErrUnsupported
}

func (noMerges) Methods(context.Context, Repo) ([]MergeMethod, error) {
	return nil, ErrUnsupported
}

func (noComments) List(context.Context, PullRef) ([]Comment, error) {
	return nil, ErrUnsupported
}

func (noComments) Create(context.Context, PullRef, string) (Comment, error) {
	return Comment{}, ErrUnsupported
}

func (noComments) Reply(context.Context, PullRef, string, string) (Comment, error) {
	return Comment{}, ErrUnsupported
}

func (noComments) Edit(context.Context, PullRef, string, string) error {
	return ErrUnsupported
}

func (noComments) Delete(context.Context, PullRef, string) error {
	return ErrUnsupported
}

func (noLabels) List(context.Context, PullRef) ([]string, error) {
	return nil, ErrUnsupported
}

func (noLabels) Add(context.Context, PullRef, string) error {
	return ErrUnsupported
}

func (noLabels) Remove(context.Context, PullRef, string) error {
	return ErrUnsupported
}

func (noLabels) Defined(context.Context, Repo) ([]string, error) {
	return nil, ErrUnsupported
}

func (noIssues) Get(context.Context, PullRef) (*Issue, error) {
	return nil, ErrUnsupported
}

func (noIssues) Create(context.Context, Repo, string, string) (*Issue, error) {
	return nil, ErrUnsupported
}

func (noIssues) Edit(context.Context, PullRef, IssuePatch) error {
	return ErrUnsupported
}

func (noIssues) Assign(context.Context, PullRef, ...string) error {
	return ErrUnsupported
}

func (noIssues) Unassign(context.Context, PullRef, ...string) error {
	return ErrUnsupported
}

func (noMilestones) List(context.Context, Repo) ([]string, error) {
	return nil, ErrUnsupported
}

func (noMilestones) Set(context.Context, PullRef, string) error {
	return ErrUnsupported
}

func (noStatuses) Set(context.Context, Repo, string, Status) error {
	return ErrUnsupported
}

func (noStatuses) List(context.Context, Repo, string) ([]Status, error) {
	return nil, ErrUnsupported
}

func (noContents) Read(context.Context, Repo, string, string) ([]byte, error) {
	return nil, ErrUnsupported
}

func (noContents) Branch(context.Context, Repo, string) (string, error) {
	return "", ErrUnsupported
}

func (noContents) DeleteBranch(context.Context, Repo, string) error {
	return ErrUnsupported
}

func (noMembers) IsOrgMember(context.Context, string, User) (bool, error) {
	return false, ErrUnsupported
}

func (noMembers) IsCollaborator(context.Context, Repo, User) (bool, error) {
	return false, ErrUnsupported
}

func (noMembers) Permission(context.Context, Repo, User) (Permission, error) {
	return 0, ErrUnsupported
}

func (noMembers) TeamMembers(context.Context, string, string) ([]string, error) {
	return nil, ErrUnsupported
}

func (noRepositories) Get(context.Context, Repo) (*Repository, error) {
	return nil, ErrUnsupported
}

func (noRepositories) List(context.Context, string) ([]Repository, error) {
	return nil, ErrUnsupported
}

func (noHooks) List(context.Context, HookTarget) ([]Hook, error) {
	return nil, ErrUnsupported
}

func (noHooks) Create(context.Context, HookTarget, NewHook) error {
	return ErrUnsupported
}

func (noHooks) Update(context.Context, HookTarget, string, NewHook) error {
	return ErrUnsupported
}

func (noHooks) Delete(context.Context, HookTarget, string) error {
	return ErrUnsupported
}

func (noHooks) Failed(context.Context, HookTarget, string, time.Time) ([]FailedDelivery, error) {
	return nil, ErrUnsupported
}

func (noHooks) Redeliver(context.Context, HookTarget, string, string) error {
	return ErrUnsupported
}
