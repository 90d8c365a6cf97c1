package controller

// JobOfPod is how a pod's events find their run.
var JobOfPod = jobOfPod
