// Package job is Prow's job model and the decision which jobs run for an event, and why the others do not.
//
// [Compile] turns what configuration files say into a [Set]: defaults applied, every expression compiled once, jobs indexed
// by repository, and every problem found at once. [Presubmits] and [Postsubmits] then decide, and [New] makes the
// [v1alpha1.PipelineJob] of a decision. Everything here is pure: no clock but the one passed to [NewBuildIDs], no files, no
// calls; the changed files of an event come through a function that is called only if some job depends on them.
package job
