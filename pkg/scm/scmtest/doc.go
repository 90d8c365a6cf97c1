// Package scmtest gives tests a forge in memory: state to arrange, a scm.Client over it, readers to assert with, and
// faults to inject.
//
// The state belongs to no vendor. The HTTP dialects of the forges will stand in front of the same state, so that a test
// of a plugin and a test of a driver see one forge.
package scmtest
