// Package dashboard shows runs to people and programs: the web application of package web, the JSON API of package api that
// it works with, and the addresses of Prow and of Tekton's dashboard in package prow.
//
// Whatever is read passes [gate.Gate], which knows who asks. Any number of replicas may serve: they hold nothing between
// requests but what their [Deps] cache. All that is shown is untrusted text; no page contains or runs script of others, and
// no other site can make a browser act here.
package dashboard
