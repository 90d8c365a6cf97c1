// Package gate is the one place that decides what a reader of the dashboard may see and do.
//
// Everything that the dashboard shows of runs, logs, artifacts, deliveries and jobs is read through a [Gate], which takes
// the reader from the request's context: see [Gate.Admit]. A run that tests or checks out a repository which the reader
// may not read does not exist for them, nor does anything of it. A run without any repository is everyone's.
// What cannot be decided is refused.
package gate
