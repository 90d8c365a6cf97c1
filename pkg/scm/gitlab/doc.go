// Package gitlab speaks to GitLab, the vendor's own and self-managed, 16.11 and newer: it turns its webhooks into events and
// gives the roles of scm.Client over its REST API, version 4. A merge request is a pull request here.
//
// Requests go through go-scm's client; the payloads are decoded here, because go-scm's GitLab driver takes whoever acts for
// the author and the default branch for the base, calls the server while it parses webhooks, and does not know approvals,
// labels and new commits in them. Nothing is cached and nothing is retried here: both belong to the transport given to Open.
//
// GitLab counts issues apart from merge requests. Where a role takes either, a number means the merge request, and the issue
// only if there is no such merge request; comments are found by their own ids, which no two of them share.
package gitlab
