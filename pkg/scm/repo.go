package scm

import (
	"fmt"
	"strings"
	"time"
)

// Repo identifies one repository on one connection. It is comparable, so it can key a map.
type Repo struct {
	// Connection is the name of the connection in config.yaml, never empty.
	Connection string `json:"connection"`
	// Org is the owner: everything before the last slash, so a nested GitLab group keeps its whole path ("a/b").
	Org string `json:"org"`
	// Name is the last path segment.
	Name string `json:"name"`
}

// ParseRepo splits "org/name" or "group/sub/name" at its last slash.
func ParseRepo(connection, fullName string) (Repo, error) {
	i := strings.LastIndexByte(fullName, '/')
	if i <= 0 || i == len(fullName)-1 {
		return Repo{}, fmt.Errorf("parse repository %q: want org/name", fullName)
	}
	return Repo{Connection: connection, Org: fullName[:i], Name: fullName[i+1:]}, nil
}

// FullName is "org/name", as Prow's configuration writes it.
func (r Repo) FullName() string { return r.Org + "/" + r.Name }

// String is "connection:org/name", unique in one install.
func (r Repo) String() string { return r.Connection + ":" + r.FullName() }

// PullRef identifies one pull request (a merge request on GitLab).
type PullRef struct {
	Repo
	Number int `json:"number"`
}

// String is "connection:org/name#number".
func (r PullRef) String() string { return fmt.Sprintf("%s#%d", r.Repo, r.Number) }

// Branch is one side of a pull request: a branch and the commit it points at.
type Branch struct {
	// Name is the short branch name, without refs/heads/.
	Name string `json:"name"`
	// SHA is the commit, 40 (or 64) lower-case hex digits. The base's SHA is where the base branch stood when the forge
	// described the pull request, which may be older than its tip now.
	SHA string `json:"sha,omitempty"`
	// Repo is the full name of the repository holding the branch: a fork for a head. Empty when the fork was deleted.
	Repo string `json:"repo,omitempty"`
	// CloneURL is that repository's HTTP(S) URL for git, where it is needed to fetch a fork's branch: forges that keep no
	// ref for a pull request's head in the base repository (see Capabilities.PullHeadRef).
	CloneURL string `json:"cloneURL,omitempty"`
}

// User is an account on a forge. Login is what people type after @ and what OWNERS files list.
type User struct {
	Login string `json:"login"`
	// ID is the forge's stable identifier, compared instead of Login where an account may be renamed.
	ID string `json:"id,omitempty"`
}

// PullRequest is a snapshot of a pull request as an event or a read gave it.
type PullRequest struct {
	Ref    PullRef `json:"ref"`
	Title  string  `json:"title"`
	Body   string  `json:"body,omitempty"`
	Author User    `json:"author"`
	Base   Branch  `json:"base"`
	Head   Branch  `json:"head"`
	// Link is the page a person would open.
	Link   string   `json:"link"`
	Labels []string `json:"labels,omitempty"`
	State  State    `json:"state"`
	Draft  bool     `json:"draft,omitempty"`
	// Mergeable says what the forge knows about conflicts; it is often unknown right after a push.
	Mergeable Mergeable `json:"mergeable,omitempty"`
	// CloneURL is the base repository's HTTP(S) URL for git.
	CloneURL string `json:"cloneURL,omitempty"`
	// Assignees and Reviewers (those asked for a review) as far as the forge tells.
	Assignees []User `json:"assignees,omitempty"`
	Reviewers []User `json:"reviewers,omitempty"`
	// Milestone is its title.
	Milestone string `json:"milestone,omitempty"`
	// MergeSHA is the commit on the base branch that a merged pull request became; empty where the forge does not say.
	MergeSHA string    `json:"mergeSHA,omitempty"`
	Updated  time.Time `json:"updated,omitzero"`
}

// Issue is a snapshot of an issue. Its Ref numbers it among the repository's issues, which forges may count apart from pull
// requests.
type Issue struct {
	Ref       PullRef  `json:"ref"`
	Title     string   `json:"title"`
	Body      string   `json:"body,omitempty"`
	Author    User     `json:"author"`
	State     State    `json:"state"`
	Labels    []string `json:"labels,omitempty"`
	Assignees []User   `json:"assignees,omitempty"`
	Milestone string   `json:"milestone,omitempty"`
	Link      string   `json:"link,omitempty"`
}

// HasLabel compares labels as forges do: without regard to case.
func (p PullRequest) HasLabel(name string) bool {
	for _, l := range p.Labels {
		if strings.EqualFold(l, name) {
			return true
		}
	}
	return false
}

// State is the life-cycle state of a pull request or issue.
type State string

// States of a pull request. A merged one is never also closed.
const (
	StateOpen   State = "open"
	StateClosed State = "closed"
	StateMerged State = "merged"
)

// Mergeable is the forge's own opinion about conflicts between head and base.
type Mergeable string

// Mergeable values; the empty value means that the forge has not computed it yet.
const (
	MergeableUnknown Mergeable = ""
	MergeableYes     Mergeable = "yes"
	MergeableNo      Mergeable = "no"
)
