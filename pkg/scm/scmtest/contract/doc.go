// Package contract is what every driver has to pass: one table of cases about events and about each role of a client, run
// against a forge that people act on. A case that needs what a forge lacks, by its driver's [scm.Capabilities], is listed
// as a gap and not run.
package contract
