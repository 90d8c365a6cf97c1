package login

// Local is what a return path becomes.
var Local = local
