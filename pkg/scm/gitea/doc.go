// Package gitea speaks to Gitea 1.22 and newer, and to Forgejo, which kept its API: it turns their webhooks into events
// and gives the roles of scm.Client over their REST API.
//
// Requests go through go-scm's client; the payloads are decoded here, because go-scm's Gitea driver calls the
// server while it is being made and while it parses webhooks, panics on deleted forks, and answers errors without
// their status. Nothing is cached and nothing is retried here: both belong to the transport given to Open.
package gitea
