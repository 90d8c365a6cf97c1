// Package history indexes every run, those that the cluster has forgotten too, so that lists, charts and suggestions over
// 100,000 runs cost what they cost over 100.
//
// A [Store] is one SQLite file. It is an index and never the truth: [Feed] fills it from the cluster's objects and from the
// bucket, and a file of another version, or a damaged one, is thrown away and filled again. Each process has a file of its
// own. Every question takes a [Visible], the repositories that the asker may read; what he may not read is in no answer and
// in no count.
//
// The package decides nothing about who may see what, and never writes to the cluster or the bucket.
package history
