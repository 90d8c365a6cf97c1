package scm

import (
	"context"
	"net/http"
)

// Driver is one kind of forge. Implementations hold no state and are safe for concurrent use.
type Driver interface {
	// Parse authenticates a delivery against the secrets and decodes it, without any I/O. It answers
	// [ErrSignature] for a wrong, missing or unconfigured signature before it looks at the body, and
	// [ErrMalformed] for an authentic body that is not what the forge documents. Unknown events are [Ignored]. The event
	// shares no memory with body, which the caller may use again.
	Parse(header http.Header, body []byte, conn Verification) (Event, error)
	// Open makes a client. It does no I/O: a wrong token shows at the first call.
	Open(account Account) (*Client, error)
}

// Verification is what a driver needs to authenticate a delivery and name its repository.
type Verification struct {
	// Connection is the name events are labelled with.
	Connection string
	// Secrets are all active webhook secrets; any one may have signed. Empty means that every delivery is refused.
	Secrets [][]byte
}

// Account says where a connection's forge is and who Pharos is there.
type Account struct {
	Connection string
	// URL is the forge's base URL, without a trailing slash.
	URL string
	// Token authenticates the bot. It is read per client, so a rotated token needs a new client.
	Token string
	// Bot is the bot's login, used to recognise its own comments.
	Bot string
	// HTTP carries every call: timeouts, retries, rate limits and metrics live in its transport.
	HTTP *http.Client
}

// Client is a forge as Pharos uses it: a struct of roles, each never nil. A role that the forge lacks answers
// [ErrUnsupported]; plugins ask [Capabilities] first.
type Client struct {
	Capabilities
	Pulls    PullRequests
	Comments Comments
	Labels   Labels
	Statuses Statuses
	Members  Members
}

// Capabilities are the differences between forges that plugins may ask about.
type Capabilities struct {
	// StatusDescriptionLimit is the longest status description in characters the forge keeps; 0 means no known limit.
	StatusDescriptionLimit int
	// PullHeadRef is the ref pattern that git fetches a pull request's head from, with %d for its number.
	PullHeadRef string
}

// PullRequests reads pull requests.
type PullRequests interface {
	// Get answers ErrNotFound for a number that is an issue.
	Get(ctx context.Context, ref PullRef) (*PullRequest, error)
	// ChangedFiles lists every path that the pull request adds, changes or removes, all pages of it; of a rename the new path.
	ChangedFiles(ctx context.Context, ref PullRef) ([]string, error)
	// Compare lists the paths that differ between two commits of a repository.
	Compare(ctx context.Context, repo Repo, before, after string) ([]string, error)
}

// Comments reads and writes comments on pull requests and issues.
type Comments interface {
	// List returns all comments, oldest first.
	List(ctx context.Context, ref PullRef) ([]Comment, error)
	Create(ctx context.Context, ref PullRef, body string) (Comment, error)
	Edit(ctx context.Context, ref PullRef, id, body string) error
	// Delete of a comment that is gone already succeeds.
	Delete(ctx context.Context, ref PullRef, id string) error
}

// Labels reads and writes the labels of a pull request. Adding a present label or removing an absent one succeeds.
type Labels interface {
	List(ctx context.Context, ref PullRef) ([]string, error)
	// Add creates the label in the repository when it does not exist there.
	Add(ctx context.Context, ref PullRef, label string) error
	Remove(ctx context.Context, ref PullRef, label string) error
}

// Statuses writes commit statuses.
type Statuses interface {
	// Set posts a status; the same context on the same commit replaces the one before.
	Set(ctx context.Context, repo Repo, sha string, status Status) error
	// List returns the newest status of each context on a commit.
	List(ctx context.Context, repo Repo, sha string) ([]Status, error)
}

// Members answers questions of trust. "No" is a nil error with false; an error means that nobody knows.
type Members interface {
	// IsOrgMember asks about membership of the organisation or group that owns repo.
	IsOrgMember(ctx context.Context, org, login string) (bool, error)
	// IsCollaborator asks whether login may write to the repository.
	IsCollaborator(ctx context.Context, repo Repo, login string) (bool, error)
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
