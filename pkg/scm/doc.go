// Package scm is the vocabulary that every forge is translated into: repositories, pull requests, events,
// the roles a client can play and the errors it may answer with.
//
// It holds values and interfaces only. It knows no forge by name, does no I/O and imports nothing of Pharos;
// each forge's folder below it implements [Driver].
package scm
