// Package bitbucketserver is Bitbucket Data Center's dialect of the forge simulator: REST API 1.0 with its neighbours for
// branches and builds, and the webhooks, as versions from 8.18 on speak them.
//
// An organisation is a project whose key is its name in capitals, and a user's own one the personal project "~LOGIN". Teams
// are groups of the server. Pages hold 20 items at most, as an administrator may set it.
package bitbucketserver
