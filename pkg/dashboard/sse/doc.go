// Package sse writes server-sent events to clients that may take hours: with a deadline for each piece, a limit of
// streams, heartbeats, and a hint to come back when the server ends.
package sse
