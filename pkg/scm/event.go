package scm

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is one authenticated, normalised webhook delivery. The set is sealed: a type switch over the types in this
// file is complete. [Driver.Parse] makes events, so that holding one proves that its signature was checked, and so does
// whoever reads the same facts from the forge itself (package sweep).
type Event interface {
	// Envelope is what every delivery carries.
	Envelope() Envelope
	// Kind names the concrete type on disk and in metrics.
	Kind() Kind
	// Subject is the ordering key: deliveries with the same subject are processed one after another.
	Subject() string
	sealed()
}

// NativeSweep is what package sweep calls events that it found where no webhook told of them.
const NativeSweep = "sweep"

// Kind names an event type.
type Kind string

// Kinds of events, one per concrete type.
const (
	KindPush        Kind = "push"
	KindPullRequest Kind = "pull_request"
	KindComment     Kind = "comment"
	KindReview      Kind = "review"
	KindIssue       Kind = "issue"
	KindStatus      Kind = "status"
	KindIgnored     Kind = "ignored"
)

// Envelope identifies a delivery.
type Envelope struct {
	// ID is the same for every redelivery: the forge's delivery id where redeliveries keep it, a hash of the body elsewhere.
	ID string `json:"id"`
	// Delivery is the forge's own id of this attempt, as its webhook page lists it; may be empty.
	Delivery string `json:"delivery,omitempty"`
	// Native is the forge's own name of the event, for people and metrics; NativeSweep if no forge sent it.
	Native string `json:"native"`
	Repo   Repo   `json:"repo"`
	Sender User   `json:"sender"`
}

// RefUpdate is one ref that a push moved.
type RefUpdate struct {
	// Ref is the full ref: refs/heads/main, refs/tags/v1.
	Ref string `json:"ref"`
	// Before and After are commits; Before is empty for a new ref, After for a deleted one.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Branch is the short branch name; ok is false for tags and other refs.
func (u RefUpdate) Branch() (name string, ok bool) { return strings.CutPrefix(u.Ref, "refs/heads/") }

// Deleted says that the ref is gone.
func (u RefUpdate) Deleted() bool { return u.After == "" }

// Push reports moved refs: created, updated or deleted branches and tags, several at once where the forge batches them.
type Push struct {
	Meta    Envelope    `json:"meta"`
	Updates []RefUpdate `json:"updates"`
	// CloneURL and Link address the repository for git and for people.
	CloneURL string `json:"cloneURL,omitempty"`
	Link     string `json:"link,omitempty"`
	// Compare is the page that shows the change; may be empty.
	Compare string `json:"compare,omitempty"`
}

// Action says what happened to the object of an event.
type Action string

// Actions on pull requests, issues, comments and reviews, named as GitHub names them.
const (
	ActionOpened      Action = "opened"
	ActionReopened    Action = "reopened"
	ActionSynchronize Action = "synchronize"
	ActionEdited      Action = "edited"
	ActionLabeled     Action = "labeled"
	ActionUnlabeled   Action = "unlabeled"
	ActionReady       Action = "ready_for_review"
	ActionDrafted     Action = "converted_to_draft"
	ActionClosed      Action = "closed"
	ActionMerged      Action = "merged"
	ActionCreated     Action = "created"
	ActionDeleted     Action = "deleted"
	ActionSubmitted   Action = "submitted"
	ActionDismissed   Action = "dismissed"
	ActionOther       Action = "other"
)

// PullRequestEvent reports a change of a pull request.
type PullRequestEvent struct {
	Meta   Envelope    `json:"meta"`
	Action Action      `json:"action"`
	Pull   PullRequest `json:"pull"`
	// Label is the label that ActionLabeled or ActionUnlabeled is about. It is empty where the forge does not say, and then
	// ActionLabeled may stand for either.
	Label string `json:"label,omitempty"`
	// Edited says what ActionEdited changed, as far as the forge tells.
	Edited Edits `json:"edited,omitzero"`
	// Before is the head's commit before ActionSynchronize; empty where the forge does not say.
	Before string `json:"before,omitempty"`
}

// Edits names the parts of a pull request that were changed.
type Edits struct {
	Title bool `json:"title,omitempty"`
	Body  bool `json:"body,omitempty"`
	// Base: the pull request was moved to another base branch.
	Base bool `json:"base,omitempty"`
}

// Comment is one comment on a pull request or an issue.
type Comment struct {
	ID      string    `json:"id"`
	Body    string    `json:"body"`
	Author  User      `json:"author"`
	Link    string    `json:"link,omitempty"`
	Created time.Time `json:"created,omitzero"`
	// ReplyTo is the comment this one answers, where the forge keeps threads.
	ReplyTo string `json:"replyTo,omitempty"`
}

// CommentEvent reports a comment on a pull request or issue.
type CommentEvent struct {
	Meta    Envelope `json:"meta"`
	Action  Action   `json:"action"`
	Comment Comment  `json:"comment"`
	Number  int      `json:"number"`
	// IsPull tells a pull request's comment from an issue's.
	IsPull bool `json:"isPull"`
	// State is the state of the pull request or issue when the comment was made.
	State State `json:"state"`
	// Pull is what the payload told of the pull request, nil where it told too little: readers fetch it once then.
	Pull *PullRequest `json:"pull,omitempty"`
	// Inline is where in the change the comment stands; nil for one on the whole pull request or issue.
	Inline *Position `json:"inline,omitempty"`
}

// Position is a place in a change.
type Position struct {
	Path string `json:"path"`
	// Line counts from 1 in the new file; 0 when the comment is on the file, or on a line that was removed.
	Line int `json:"line,omitempty"`
}

// ReviewEvent reports a review that was submitted or dismissed. Where a forge only has approvals and their withdrawal,
// these are ReviewApproved submitted and dismissed.
type ReviewEvent struct {
	Meta   Envelope    `json:"meta"`
	Action Action      `json:"action"`
	Review Review      `json:"review"`
	Pull   PullRequest `json:"pull"`
}

// Review is one reviewer's verdict on a pull request.
type Review struct {
	ID     string      `json:"id,omitempty"`
	State  ReviewState `json:"state"`
	Author User        `json:"author"`
	Body   string      `json:"body,omitempty"`
	// SHA is the commit that was reviewed; empty where the forge does not say.
	SHA     string    `json:"sha,omitempty"`
	Link    string    `json:"link,omitempty"`
	Created time.Time `json:"created,omitzero"`
}

// ReviewState is a verdict.
type ReviewState string

// Verdicts of a review.
const (
	ReviewApproved         ReviewState = "approved"
	ReviewChangesRequested ReviewState = "changes_requested"
	ReviewCommented        ReviewState = "commented"
	ReviewDismissed        ReviewState = "dismissed"
)

// IssueEvent reports a change of an issue that is no pull request.
type IssueEvent struct {
	Meta   Envelope `json:"meta"`
	Action Action   `json:"action"`
	Issue  Issue    `json:"issue"`
	// Label is the label that ActionLabeled or ActionUnlabeled is about; empty where the forge does not say.
	Label string `json:"label,omitempty"`
}

// StatusEvent reports a commit status, or a check run that has the same meaning, set by anyone.
type StatusEvent struct {
	Meta   Envelope `json:"meta"`
	SHA    string   `json:"sha"`
	Status Status   `json:"status"`
	// Branches point at the commit, as far as the forge tells.
	Branches []string `json:"branches,omitempty"`
}

// Ignored is a delivery that is authentic but of no interest: a ping, or an event type nobody consumes.
// It is counted and answered, never stored.
type Ignored struct {
	Meta Envelope `json:"meta"`
}

// Envelope implements Event.
func (e *Push) Envelope() Envelope { return e.Meta }

// Envelope implements Event.
func (e *PullRequestEvent) Envelope() Envelope { return e.Meta }

// Envelope implements Event.
func (e *CommentEvent) Envelope() Envelope { return e.Meta }

// Envelope implements Event.
func (e *ReviewEvent) Envelope() Envelope { return e.Meta }

// Envelope implements Event.
func (e *IssueEvent) Envelope() Envelope { return e.Meta }

// Envelope implements Event.
func (e *StatusEvent) Envelope() Envelope { return e.Meta }

// Envelope implements Event.
func (e *Ignored) Envelope() Envelope { return e.Meta }

// Kind implements Event.
func (*Push) Kind() Kind { return KindPush }

// Kind implements Event.
func (*PullRequestEvent) Kind() Kind { return KindPullRequest }

// Kind implements Event.
func (*CommentEvent) Kind() Kind { return KindComment }

// Kind implements Event.
func (*ReviewEvent) Kind() Kind { return KindReview }

// Kind implements Event.
func (*IssueEvent) Kind() Kind { return KindIssue }

// Kind implements Event.
func (*StatusEvent) Kind() Kind { return KindStatus }

// Kind implements Event.
func (*Ignored) Kind() Kind { return KindIgnored }

// Subject orders pushes per repository, because one delivery may move several refs.
func (e *Push) Subject() string { return e.Meta.Repo.String() }

// Subject orders by pull request.
func (e *PullRequestEvent) Subject() string { return e.Pull.Ref.String() }

// Subject orders with the other events of the same pull request or issue.
func (e *CommentEvent) Subject() string {
	return PullRef{Repo: e.Meta.Repo, Number: e.Number}.String()
}

// Subject orders with the other events of the same pull request.
func (e *ReviewEvent) Subject() string { return e.Pull.Ref.String() }

// Subject orders by issue.
func (e *IssueEvent) Subject() string { return e.Issue.Ref.String() }

// Subject orders by commit.
func (e *StatusEvent) Subject() string { return e.Meta.Repo.String() + "@" + e.SHA }

// Subject of an ignored delivery is its repository; nothing is ever ordered by it.
func (e *Ignored) Subject() string { return e.Meta.Repo.String() }

func (*Push) sealed()             {}
func (*PullRequestEvent) sealed() {}
func (*CommentEvent) sealed()     {}
func (*ReviewEvent) sealed()      {}
func (*IssueEvent) sealed()       {}
func (*StatusEvent) sealed()      {}
func (*Ignored) sealed()          {}

type stored struct {
	Kind  Kind            `json:"kind"`
	Event json.RawMessage `json:"event"`
}

// EncodeEvent writes an event so that [DecodeEvent] gives an equal one back.
func EncodeEvent(e Event) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode %s event: %w", e.Kind(), err)
	}
	return json.Marshal(stored{Kind: e.Kind(), Event: body})
}

// DecodeEvent reads what [EncodeEvent] wrote.
func DecodeEvent(data []byte) (Event, error) {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("decode stored event: %w", err)
	}
	var e Event
	switch s.Kind {
	case KindPush:
		e = &Push{}
	case KindPullRequest:
		e = &PullRequestEvent{}
	case KindComment:
		e = &CommentEvent{}
	case KindReview:
		e = &ReviewEvent{}
	case KindIssue:
		e = &IssueEvent{}
	case KindStatus:
		e = &StatusEvent{}
	case KindIgnored:
		e = &Ignored{}
	default:
		return nil, fmt.Errorf("decode stored event: kind %q is not known", s.Kind)
	}
	if err := json.Unmarshal(s.Event, e); err != nil {
		return nil, fmt.Errorf("decode stored %s event: %w", s.Kind, err)
	}
	return e, nil
}
