// Package app puts Pharos together: the list of forges, the list of runnables, and the small adapters between packages that
// do not know each other. It is the only package that sees everything, and nothing else decides here.
package app
