// Package ship archives runs. A [Shipper] follows every container of a run, steps, sidecars and init containers, from its
// first line and writes it to a [storage.Store] in bounded memory, in Prow's bucket layout ([logs.Layout]), with the records
// about the run and its pods. Text goes to local disk first, so that a store that is slow or down stops no stream. Progress
// is durable, so that a process which takes over goes on without a gap or a duplicate.
//
// It is told of runs and pods by Observe, and never writes to the cluster.
package ship
