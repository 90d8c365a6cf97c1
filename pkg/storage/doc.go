// Package storage keeps objects by key: in a bucket of any S3-compatible server ([OpenS3]) or in a folder of this machine
// ([OpenFile]).
//
// It knows nothing of runs and logs: what the keys mean is said by package logs.
package storage
