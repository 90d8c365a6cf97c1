// Package artifacts is the door through which the pods of runs hand in their files: PUT /v1/artifacts/<path> stores one file
// below the artifacts of the pod's own run.
//
// A pod proves which one it is by a token of its service account, made for this door alone; no credential of the store ever
// enters a pod. The door decides nothing about a run: it finds the run of the pod, keeps to its limits and streams into the
// store. It refuses paths outside of the artifacts, runs that are long over, and more than a run may have.
package artifacts
