// Package kubelet gets the lines of a container out of a cluster. A [Source] opens the log as the kubelet gives it, from a
// second on, with a stamp before each line; some sources also open what the kubelet rotated away ([History]). A [Decoder]
// makes text of such answers, each byte once over any number of broken streams, restarts and rotations: its [logs.Cursor]
// is all that another process needs to go on. A [Veil] takes the secrets out of that text, also across its pieces.
//
// The package decides nothing: when to ask again, and what to do where text is missing, is up to the caller.
package kubelet
