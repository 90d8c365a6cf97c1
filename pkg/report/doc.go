// Package report turns the state of runs into what people see on the forge: the status of a commit, and one comment on a
// pull request with a table of the tests that failed.
//
// It takes PipelineJobs and, for the comment, what the thread holds already; it answers with values. It makes no call on
// its own but for [Plan.Apply], keeps nothing and decides nothing about retries: the reconciler does that.
package report
