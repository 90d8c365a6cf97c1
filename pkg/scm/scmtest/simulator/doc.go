// Package simulator is a forge for tests: organisations, people, repositories of real git behind real HTTP, pull requests,
// reviews, comments, labels, statuses and webhooks, all in one state that belongs to no vendor.
//
// A [Dialect] stands in front of the state and speaks as one vendor does: the paths, pages, errors and webhooks of its API.
// Tests act through the deeds of [Forge], as people act on a web page; what they did reaches webhooks as the vendor tells
// it. Deeds and calls of the API go through the same state, so either sees what the other did.
package simulator
