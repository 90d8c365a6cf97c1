// Package logstest has what tests of shipping and reading share: a [Lab] with a run in a cluster, a [Kubelet] that does wrong
// what real ones do, and stores that fail ([Memory]) and whose process dies ([Mortal]). A lab lives in a synctest bubble.
package logstest
