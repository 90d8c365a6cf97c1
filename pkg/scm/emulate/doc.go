// Package emulate gives a client what its forge lacks, kept on the forge itself, where people see it.
package emulate
