package plugins

// PullRefs is what a run of a pull request tests.
var PullRefs = pullRefs
