// Package e2e proves the main job on real parts: pull requests in a real Gitea run real Tekton pipelines on the local
// cluster, with logs in a real S3 server. Every test has a site of its own, so they run side by side.
package e2e
