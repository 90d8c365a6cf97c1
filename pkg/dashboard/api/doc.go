// Package api is the dashboard's JSON API: what it answers, the operations, and the OpenAPI document that follows from
// both.
//
// All reading goes through [gate.Gate], which knows who asks and hides what they may not see; nothing here reads a run, a
// log or a delivery any other way. Errors are problem documents as RFC 9457 has them.
package api
