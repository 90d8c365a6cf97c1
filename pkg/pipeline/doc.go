// Package pipeline turns a PipelineJob into the Tekton PipelineRun that does its work, and a PipelineRun's status back into
// a job state.
//
// It is pure: the same job and options always give the same bytes, inputs are never changed, and nothing is read or
// written. What Tekton's own validation refuses is an error here and never reaches the cluster. It decides nothing about
// which jobs run.
package pipeline
