// Package logs brings what a run prints into a store and back to readers.
//
// A [Shipper] follows every container of a run, steps, sidecars and init containers, from its first line and writes it to a
// [storage.Store] in bounded memory, in Prow's bucket layout ([Layout]). Text goes to local disk first, so that a store that
// is slow or down stops no stream. Progress is durable: chunks and segments are objects named by their offset that come with
// the [Cursor] behind their last byte, so that a process which takes over goes on without a gap or a duplicate.
// A [Reader] gives the same lines with the same numbers whether a run is live or archived.
//
// The package takes PipelineJobs and pods as values and reaches the cluster through [Source] and a client.Reader only.
// It never writes to the cluster. Of what a line says it knows the run's secrets only, which it hides.
package logs
