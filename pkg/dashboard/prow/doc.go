// Package prow answers the addresses that programs and links know from Prow's Deck, and the one that Tekton's dashboard asks
// for logs: with the same data as the dashboard, in their shapes. Addresses of pages lead to the dashboard's own.
//
// Tekton's dashboard shows logs from here, once their pods are gone, when it runs with --external-logs=DASHBOARD/logs. It asks
// without credentials, so it gets those of public repositories.
//
// Everything is read through a [gate.Gate]; who may not read something gets the answer for what does not exist.
package prow
