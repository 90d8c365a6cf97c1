// Package bitbucketcloud speaks to Bitbucket Cloud: it turns its webhooks into events and gives the roles of scm.Client over
// its REST API 2.0.
//
// Pull requests name their commits by twelve digits there, in webhooks and in the API alike. Events leave such a commit
// empty, and readers ask for it once; clients find the whole hash out. People are known by their nickname, which is what
// others type but which Bitbucket does not promise to be unique, and by their Atlassian account id, which is.
//
// There are no labels, and a declined pull request stays declined. Nothing is cached and nothing is retried here, an OAuth
// access token excepted: both belong to the transport given to Open.
package bitbucketcloud
