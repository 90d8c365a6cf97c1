// Package storage keeps objects by key: in a bucket of any S3-compatible server ([OpenS3]) or in a folder of this machine
// ([OpenFile]). An object is written at once ([Store]) or grows in parts over several processes ([Upload]); writes may depend
// on what the key holds.
//
// It knows nothing of runs and logs: what the keys mean is said by package logs. It packs and unpacks nothing: the content
// encoding of an object is kept for those who do.
package storage
