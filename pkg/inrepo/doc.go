// Package inrepo reads the jobs that a repository keeps itself: .prow.yaml and .prow/ as Prow reads them, .lighthouse/ as
// Lighthouse, .tekton/ as Pipelines-as-Code. Each becomes a job of package job, so that everything else treats it like one
// of the configuration.
//
// It takes an event's refs and reads the files from the merge of base and heads, or from the pushed commit. It never decides
// whom to trust: a caller asks only for what may be run. It follows references out of the repository only to servers that
// the configuration allows, without credentials. What is wrong with a file is a [Problem] with its line, not an error, and
// costs nothing but the jobs of that file.
package inrepo
