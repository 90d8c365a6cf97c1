// Package bitbucketserver speaks to Bitbucket Data Center and Server 7.21 and newer: it turns their webhooks into events and
// gives the roles of scm.Client over REST API 1.0.
//
// An organisation is a project, named by its key, or a user's personal project ("~alice"); a repository is named by its slug.
// There are no labels on pull requests, no issues and no milestones. Reopening a declined pull request sends no webhook in any
// version. Nothing is cached and nothing is retried here, except for one write with a fresh version: both belong to the
// transport given to Open.
package bitbucketserver
