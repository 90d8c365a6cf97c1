// Package logs is the vocabulary of what a run leaves in the store: where it is ([Layout]), what the files are called and
// what they say ([Started], [Finished], [ProwJob], [PodReport], [StepInfo]), and the words in which the packages below it
// speak of a log: [ContainerRef], [Cursor], [Line].
//
// A line travels through the packages below it in this order:
//
//	pods      what the pods of a run tell: containers, the steps they are, their secrets
//	kubelet   a container's log as the kubelet gives it, each byte once, without secrets
//	follow    that log to its end, whatever happens to stream, file, container and pod
//	spool     the text of one container: to local disk, into the store while it runs, to its log in the end
//	live      the form of what is in the store while a step runs
//	logfile   the form of a log that is complete, and its index
//	ship      all containers of all runs, and the records about them
//	read      lines, pages, searches and ranges, the same of a live and of an archived run
//
// The packages take PipelineJobs and pods as values and never write to the cluster. Of what a line says they know the run's
// secrets only, which they hide.
package logs
