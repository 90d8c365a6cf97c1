// Package chatops is the contract between events and features: what a [Plugin] is, how the commands in a comment are
// read, the [Snapshot] of forge facts that all plugins of one event share, and the [Dispatcher] that runs them.
//
// It decides nothing about jobs, labels or merges itself, and reaches a forge only through the roles of scm.Client.
package chatops
