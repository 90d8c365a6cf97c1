// Package spool takes the text of one container to local disk, and from there into the store: as chunks and segments while
// the container runs (package live), and in the end as the log and its index (package logfile). Memory is bounded by [Room]
// and local disk by [Disk], for all spools of a process together. A [Spool] goes on where that of another process was.
//
// Operations of the store are repeated by the caller's Persist; a spool ends early only when what it holds is lost.
package spool
