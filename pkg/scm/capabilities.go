package scm

import "strings"

// Capabilities are the differences between forges that plugins may ask about, and that the README's matrix is made of.
type Capabilities struct {
	// StatusDescriptionLimit is the longest status description in characters the forge keeps; 0 means no known limit.
	StatusDescriptionLimit int
	// PullHeadRef is the ref pattern that git fetches a pull request's head from, with %d for its number. It is empty where
	// a pull request leaves no ref in the base repository: then the head branch is fetched, from Head.CloneURL for a fork.
	PullHeadRef string
	// GitUser is the user name that git logs in with beside the token; empty where it is the bot's.
	GitUser string
	// EmulatedLabels: the forge has no labels; Pharos keeps them in a comment of its own.
	EmulatedLabels bool
	// Issues and Milestones: the forge has them.
	Issues, Milestones bool
	// OpenNames: logins are nicknames, which anybody may give themselves. Accounts are told apart by their ids alone there, and
	// the configuration names the bot by its id.
	OpenNames bool
	// Drafts: pull requests can be drafts.
	Drafts bool
	// Reopen: a closed pull request can be opened again.
	Reopen bool
	// RequestChanges: a review may ask for changes, not only approve.
	RequestChanges bool
	// ReviewRequests: people can be asked for a review. Assignees: pull requests have assignees besides reviewers.
	ReviewRequests, Assignees bool
	// Teams: organisations have teams, or groups subgroups, whose members can be listed.
	Teams bool
	// MergeMethods that the forge knows; each repository may allow fewer.
	MergeMethods []MergeMethod
	// HeadGuard: the forge itself refuses a merge whose head has moved. Elsewhere the driver reads the head just before.
	HeadGuard bool
	// OrgHooks: one webhook can serve a whole organisation. Redelivery: failed deliveries can be listed and asked for again.
	OrgHooks, Redelivery bool
	// What webhooks tell of: deleted comments, comments on lines of code with their place, withdrawn verdicts, statuses of
	// others, pull requests opened again, and what an edit of a pull request changed, drafts made ready among it.
	CommentDeletions, InlineComments, Dismissals, StatusEvents, ReopenEvents, EditDetails bool
	// ReservedCommands are commands that the forge swallows as its own when they begin a line of a comment; people write
	// /pharos-NAME or /lh-NAME there.
	ReservedCommands []string
}

// Named says whether an account is the one that a configuration names: by its login, or by its id where anybody may take any
// login. Nobody is named by an empty name.
func (c Capabilities) Named(user User, name string) bool {
	if c.OpenNames {
		return name != "" && user.ID == name
	}
	return name != "" && strings.EqualFold(user.Login, name)
}
