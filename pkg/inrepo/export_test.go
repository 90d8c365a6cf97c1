package inrepo

// Glob compiles a pattern, for tests.
var Glob = glob
