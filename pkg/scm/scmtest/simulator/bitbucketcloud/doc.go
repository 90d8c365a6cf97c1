// Package bitbucketcloud is Bitbucket Cloud's dialect of the forge simulator: the REST interface 2.0 below /2.0, the grants
// of OAuth consumers, and the webhooks. Organisations are workspaces, logins are nicknames.
package bitbucketcloud
