// Package gitea is Gitea's dialect of the forge simulator, as version 1.26 speaks it and Forgejo with it: the REST interface
// below /api/v1, and the webhooks.
package gitea
