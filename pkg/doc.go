/*
Package pkg is the map of Pharos. A package imports only packages printed above it; the digits are the order in which one
event travels from the forge and back. A test holds this table against the real imports, so it is always true.

	   scm                    vocabulary: repositories, pull requests, events, roles of a client, errors
	   apis/pharos/v1alpha1   the custom resources Delivery and PipelineJob

	   rush                   urgent work goes first
	   retry                  pauses between two tries
	   strictyaml             YAML to Go values, with the line and column of every mistake

	   -- edges: one outside system each
	   scm/transport          the HTTP round trippers under every forge client
	   scm/rest               JSON calls, pages and typed errors of the forges' REST interfaces
	   scm/scmtest            a forge in memory, and events as files show them, for tests
	2  scm/bitbucketcloud     Bitbucket Cloud
	2  scm/bitbucketserver    Bitbucket Data Center
	2  scm/gitea              Gitea and Forgejo
	2  scm/github             GitHub.com and GitHub Enterprise Server
	2  scm/gitlab             GitLab
	   scm/emulate            what forges lack, kept on them all the same: labels in a comment
	   scm/scmtest/simulator  a forge over HTTP with real git, for tests: one state, a dialect for each vendor
	   scm/scmtest/contract   what every driver has to pass
	   scm/scmtest/simulator/bitbucketcloud  Bitbucket Cloud's dialect
	   scm/scmtest/simulator/bitbucketserver  Bitbucket Data Center's dialect
	   scm/scmtest/simulator/gitea  Gitea's dialect
	   scm/scmtest/simulator/github  GitHub's dialect
	   scm/scmtest/simulator/gitlab  GitLab's dialect
	   login                  who somebody is: OAuth2 and OpenID Connect at the forges, remembered in encrypted cookies
	   git                    the git binary: checking out what a job tests, and mirrors to read files from
	   censor                 stars in the place of secrets, in any text and across its pieces
	   supervisor             one process in a job's container: its time, its signals, its exit code, its artifacts
	8  storage                objects by key: S3-compatible servers and a folder of this machine
	   storage/storetest      the contract that every store passes
	8  logs/logfile           the stored form of a step's log, and its index of lines and times
	8  logs                   the vocabulary of logs: where a run's files are in the bucket and what they say
	   logs/live              the form of what the store has of a step while that runs
	   logs/pods              what the pods of a run tell: containers, steps, the secrets they are given
	   logs/kubelet           a container's log as the kubelet gives it, each byte once, without secrets
	   logs/spool             the text of one container: to local disk, and from there into the store
	   logs/follow            the log of one container to its end, whatever happens to stream, file, container and pod
	8  logs/ship              all containers of all runs: archiving their logs and records
	   logs/read              the lines of live and archived runs: following, pages, searches, ranges
	   logs/logstest          a run in a cluster, a kubelet and stores that fail, for tests
	   archive                the bucket as a whole: every run in it, loading, verifying, retention
	   history                all runs, indexed in a file for lists, charts and suggestions, by what a reader may see

	   -- decisions: pure, effects only through small interfaces
	6  job                    Prow's job model: which jobs run for an event, and why not
	   access                 who may read which repository, and run, abort and replay what
	   inrepo                 jobs that a repository keeps itself: .prow.yaml, .lighthouse/, .tekton/
	7  pipeline               PipelineJob to PipelineRun, and a run's state back
	9  report                 job state to commit status and comment
	4  chatops                the plugin contract: commands, snapshot, dispatcher

	   -- features
	5  plugins                one file per plugin, and the list of all

	   -- entry points: what starts work
	3  inbox                  stored deliveries: put, claim in order, retry, dead letter, replay, expire
	1  webhook                the HTTP door
	   artifacts              the HTTP door for the files of runs
	   controller             reconcilers: job, logs, report, garbage collection
	   dashboard/web          the dashboard's pages, built by npm and embedded
	   dashboard/terminal     what a page may show of a line of a log
	   dashboard/junit        test results from the XML of most tools, bounded
	   dashboard/graph        the tasks of a run, their order and their states
	   dashboard/sse          server-sent events: deadlines, limits, heartbeats, draining
	   dashboard/raw          files of the store over HTTP, whole or in ranges
	   dashboard/gate         what the reader of a page may see and do: the only way to runs, logs and deliveries
	   dashboard/api          the JSON API and its OpenAPI document
	   dashboard/prow         the addresses of Prow's Deck, and of Tekton's dashboard for logs
	   dashboard              the server: application, API, headers
	   sweep                  what no webhook told: commits and comments of open pull requests
	   hooks                  webhooks on the forges: plan, install, repair, redelivery
	   config/stanza          the parts of the files that describe features: every key with its type
	   config                 strict load, validation with line numbers, hot reload

	   -- composition
	   app                    the list of forges and the list of runnables; the only package that sees everything

A new forge is a folder beside scm/gitea and a line in app; a new plugin is a file in plugins and a line in plugins.All; a
new reporter is a file in report and a line in controller.
*/
package pkg
