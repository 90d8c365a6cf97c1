// Package harness drives the real parts that the end-to-end tests, the benchmarks and the demo share: the local cluster,
// Gitea, the S3 server and Pharos as a process of its own.
package harness
