// Package integration tests single packages against the real servers that they talk to: an API server, Gitea and an S3
// server. No pods run here.
package integration
