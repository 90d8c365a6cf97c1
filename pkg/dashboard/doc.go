// Package dashboard shows runs to people: a list, a page per run with its log while it is written, and the same as JSON
// and server-sent events.
//
// It reads runs through [Runs] and logs through [Logs], changes nothing and holds nothing between requests, so any number
// of replicas may serve. It has no accounts: whoever reaches it may read everything it shows. All that it shows is
// untrusted text; no page contains or runs script of others.
package dashboard
