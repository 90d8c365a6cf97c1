// Package supervisor runs one process of a job inside its container: it bounds the time, passes signals on, keeps the exit
// code, and afterwards sends what the process left among its artifacts to Pharos.
//
// It is what `pharos run` does in the container of a user's own image, of which it expects nothing: no shell, no certificates,
// no particular user. It holds no credential but a token that says which pod it is. Nothing that goes wrong with artifacts
// changes how the process ended.
package supervisor
