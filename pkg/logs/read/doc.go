// Package read gives the logs of runs to people. A [Reader] has lines as they come, pages of lines, searches and ranges of
// text, with the same numbers whether a run is live or archived: what is durable it reads from the store, and what comes
// behind that, when it is asked to follow, from the run's pods.
//
// It writes nothing. Who may read what is decided before: see package gate.
package read
