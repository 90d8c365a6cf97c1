// Package access decides who may read a repository's runs, and who may start, abort and replay what.
//
// What somebody may do follows from what the forge says he may do there, and from Prow's rerun_auth_config. Users count on
// the connection that they logged in at; on every other one they are anonymous. What forges said is remembered for minutes.
// What cannot be found out is refused: nothing is shown or started on a guess.
package access
