// Package archive looks at the bucket as a whole: which runs are in it, what they were, whether they are complete, and which
// have been kept long enough.
//
// It reads what package logs and Prow itself write, by [logs.Layout]: [Walk] and [Runs] find the runs, [Load] makes a
// PipelineJob of one, [Verify] says what is wrong and repairs what can be repaired, and [Retention] removes whole runs. It
// holds no more than the names of a few folders at once and never reads a log's text but to index it anew.
package archive
