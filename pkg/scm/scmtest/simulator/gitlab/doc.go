// Package gitlab is GitLab's dialect of the forge simulator: version 4 of the REST interface below /api/v4, as a paid plan
// has it, and the webhooks. Quick actions in comments are not obeyed.
package gitlab
