// Package controller holds the reconcilers that lead runs through their life: job (PipelineJob to PipelineRun and back),
// logs, report and garbage collection.
//
// Each owns its part of a PipelineJob's status and patches nothing else. They read from informer caches only, run on the
// elected leader, and can be killed at any point: what is left to do follows from the objects.
package controller
