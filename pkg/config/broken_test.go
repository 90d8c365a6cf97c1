package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/config"
)

// oneJob is a job file with one presubmit of acme/app, whose keys begin at column 5 of line 4.
func oneJob(keys ...string) map[string]string {
	return map[string]string{"jobs/j.yaml": "presubmits:\n  acme/app:\n  - name: a\n    " + strings.Join(keys, "\n    ") + "\n"}
}

func mainFile(content string) map[string]string { return map[string]string{"config.yaml": content} }

func pluginsFile(content string) map[string]string { return map[string]string{"plugins.yaml": content} }

const pod = "spec: {containers: [{image: i}]}"

var broken = map[string]struct {
	files map[string]string
	want  string // one finding a line, paths relative to the folder
}{
	"a tab as indentation": {mainFile("plank:\n\tjob_url_prefix: x\n"),
		`config.yaml:2:1: error: found character that cannot start any token while scanning for the next token (correct the YAML syntax)`},
	"a bracket that is never closed": {mainFile("disabled_clusters: [a, b\nlog_level: info\n"),
		`config.yaml:2:10: error: did not find expected ',' or ']' while parsing a flow sequence that starts on line 1 (correct the YAML syntax)`},
	"bytes that are no text": {mainFile("log_level: info\nx: \xff\n"),
		`config.yaml:2:4: error: invalid leading UTF-8 octet (value: 255) (correct the YAML syntax)`},
	"an anchor nobody set": {mainFile("presets: *none\n"),
		`config.yaml:1:10: error: unknown anchor 'none' referenced (correct the YAML syntax)`},
	"a second document": {mainFile("log_level: info\n---\nlog_level: debug\n"),
		`config.yaml:3:1: error: a second YAML document starts here and is not read (put it into a file of its own, or remove the --- line)`},
	"a key nobody knows": {mainFile("sinkr: {}\n"),
		`config.yaml:1:1: error: unknown key "sinkr" in the file (did you mean sinker?)`},
	"a key nobody knows that is near to none": {mainFile("sinker: {frobnicate: 1}\n"),
		`config.yaml:1:10: error: unknown key "frobnicate" in sinker (known keys: exclude_clusters, max_pod_age, max_prowjob_age, resync_period, terminated_pod_ttl)`},
	"a key given twice": {mainFile("plank:\n  max_concurrency: 1\n  max_concurrency: 2\n"),
		`config.yaml:3:3: error: key "max_concurrency" is given twice, first on line 2 (keep one of them)`},
	"a repository given twice": {map[string]string{"jobs/j.yaml": "presubmits:\n  acme/app: []\n  acme/app: []\n"},
		`jobs/j.yaml:3:3: error: key "acme/app" is given twice (keep one of them)`},
	"a text for a number": {mainFile("plank: {max_concurrency: many}\n"),
		`config.yaml:1:26: error: max_concurrency must be a whole number, not many`},
	"a number in quotes": {oneJob(`max_concurrency: "3"`, pod),
		`jobs/j.yaml:4:22: error: max_concurrency must be a whole number, not the text "3" (remove the quotes)`},
	"a truth in quotes": {oneJob(`always_run: "true"`, pod),
		`jobs/j.yaml:4:17: error: always_run must be true or false, not the text "true" (remove the quotes)`},
	"a text for a list": {oneJob("branches: main", pod),
		`jobs/j.yaml:4:15: error: branches must be a list, not main (write [main])`},
	"a list for a mapping": {mainFile("sinker: [1]\n"),
		`config.yaml:1:9: error: sinker must be a mapping, not a list`},
	"a mapping for a text": {oneJob("context: {a: b}", pod),
		`jobs/j.yaml:4:14: error: context must be a text, not a mapping`},
	"a duration without a unit": {mainFile("sinker: {max_pod_age: 3 hours}\n"),
		`config.yaml:1:23: error: max_pod_age is not valid: "3 hours" is not a duration: write one like 30s, 10m or 2h30m`},
	"a quantity that is none": {oneJob("spec: {containers: [{image: i, resources: {requests: {cpu: lots}}}]}"),
		`jobs/j.yaml:4:64: error: cpu is not valid: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`},
	"an unknown key deep in a pod": {oneJob("spec: {containers: [{image: i, imagePullpolcy: Always}]}"),
		`jobs/j.yaml:4:36: error: unknown key "imagePullpolcy" in an item of containers (did you mean imagePullPolicy?)`},
	"an unknown key deep in a Tekton spec": {oneJob("agent: tekton-pipeline", "pipeline_run_spec:", "  pipelineSpec:", "    tasks:", "    - {name: t, taskSpec: {}, taskReff: {name: x}}"),
		`jobs/j.yaml:8:21: error: Tekton refuses pipelineSpec.tasks[0].taskSpec.steps: missing field(s)
jobs/j.yaml:8:35: error: unknown key "taskReff" in an item of tasks (did you mean taskRef?)`},
	"a job without a name": {map[string]string{"jobs/j.yaml": "presubmits:\n  acme/app:\n  - " + pod + "\n"},
		`jobs/j.yaml:3:5: error: a job has no name (give it one)`},
	"a name with a blank": {map[string]string{"jobs/j.yaml": "presubmits:\n  acme/app:\n  - name: unit test\n    " + pod + "\n"},
		`jobs/j.yaml:3:5: error: job name "unit test" holds other characters than letters, digits, - . and _ (rename it)`},
	"a key that is no repository": {map[string]string{"jobs/j.yaml": "presubmits:\n  acme:\n  - {name: a, " + pod + "}\n"},
		`jobs/j.yaml:3:5: error: "acme" is not a repository: write org/repo or connection:org/repo`},
	"a connection that does not exist": {map[string]string{"config.yaml": connections, "jobs/j.yaml": "postsubmits:\n  hup:acme/app:\n  - {name: a, " + pod + "}\n"},
		`jobs/j.yaml:3:5: error: hup:acme/app names connection "hup", which does not exist (define it under connections)`},
	"always_run beside run_if_changed": {oneJob("always_run: true", "run_if_changed: x", pod),
		`jobs/j.yaml:4:5: error: always_run and run_if_changed exclude each other (remove one of them)`},
	"both conditions on changed files": {oneJob("run_if_changed: x", "skip_if_only_changed: y", pod),
		`jobs/j.yaml:5:5: error: run_if_changed and skip_if_only_changed exclude each other (remove one of them)`},
	"a change expression that is none": {oneJob("run_if_changed: '(src'", pod),
		`jobs/j.yaml:4:5: error: "(src" is not a regular expression: missing closing ) (src (see https://golang.org/s/re2syntax)`},
	"a branch expression that is none": {oneJob("skip_branches:", "- ok", "- '[a'", pod),
		`jobs/j.yaml:6:7: error: "[a" is not a regular expression: missing closing ] [a (see https://golang.org/s/re2syntax)`},
	"a trigger without its command": {oneJob("trigger: /go", pod),
		`jobs/j.yaml:4:5: error: trigger is given without rerun_command (add a rerun_command that the trigger matches)`},
	"a command without its trigger": {oneJob("rerun_command: /go", pod),
		`jobs/j.yaml:4:5: error: rerun_command is given without trigger (add a trigger that matches it, or remove it)`},
	"a trigger that does not match its command": {oneJob("trigger: (?m)^/go$", "rerun_command: /run", pod),
		`jobs/j.yaml:4:5: error: trigger does not match rerun_command "/run" (correct one of them)`},
	"a pod job without a pod": {oneJob("always_run: true"),
		`jobs/j.yaml:3:5: error: job a has agent kubernetes and no spec (add spec, or set agent: tekton-pipeline)`},
	"a Tekton job with a pod": {oneJob("agent: tekton-pipeline", pod),
		`jobs/j.yaml:3:5: error: job a has agent tekton-pipeline and no pipeline_run_spec (add pipeline_run_spec)
jobs/j.yaml:5:5: error: spec needs agent kubernetes (remove it or set agent: kubernetes)`},
	"a Tekton spec without its agent": {oneJob(pod, "pipeline_run_spec: {pipelineRef: {name: p}}"),
		`jobs/j.yaml:5:5: error: pipeline_run_spec needs agent tekton-pipeline (set agent: tekton-pipeline)`},
	"a decorated container without a command": {oneJob("decorate: true", pod),
		`jobs/j.yaml:5:25: error: a decorated container needs command or args (write down what the image would run)`},
	"several containers without decoration": {oneJob("spec: {containers: [{name: x, image: i}, {name: y, image: i}]}"),
		`jobs/j.yaml:4:12: error: only a decorated job may have several containers (set decorate: true or keep one container)`},
	"an init container": {oneJob("spec:", "  initContainers: [{name: x, image: i}]", "  containers: [{image: i}]"),
		`jobs/j.yaml:5:24: error: init containers are not run, only sidecars (restartPolicy: Always) (do its work in the container)`},
	"a variable that Pharos sets": {oneJob("spec: {containers: [{image: i, env: [{name: JOB_NAME, value: x}]}]}"),
		`jobs/j.yaml:4:43: error: environment variable JOB_NAME is set by Pharos itself (remove or rename it)`},
	"a label that Kubernetes refuses": {oneJob("labels: {note: 'a b'}", pod),
		`jobs/j.yaml:4:14: error: label value "a b" is not valid: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?') (use an annotation for free text)`},
	"a queue that does not exist": {oneJob("job_queue_name: fast", pod),
		`jobs/j.yaml:4:5: error: job queue "fast" does not exist (add it to plank.job_queue_capacities)`},
	"a negative timeout": {oneJob("decorate: true", "decoration_config: {timeout: -1s}", "spec: {containers: [{image: i, args: [x]}]}"),
		`jobs/j.yaml:5:25: error: a timeout must be longer than nothing (write one like 2h)`},
	"two jobs of one name on one branch": {map[string]string{
		"jobs/i.yaml": "presubmits:\n  acme/app:\n  - {name: a, branches: [main], " + pod + "}\n",
		"jobs/j.yaml": "presubmits:\n  acme/app:\n  - {name: a, skip_branches: [dev], " + pod + "}\n"},
		`jobs/j.yaml:3:6: error: presubmit a of acme/app exists already at FOLDER/jobs/i.yaml:3 for the same branches (rename one of them or separate their branches)`},
	"two jobs with one context": {map[string]string{
		"jobs/j.yaml": "presubmits:\n  acme/app:\n  - {name: a, " + pod + "}\n  - {name: b, context: a, " + pod + "}\n"},
		`jobs/j.yaml:4:15: error: presubmit b reports to context "a" as job a at FOLDER/jobs/j.yaml:3 does for the same branches (give each its own context)`},
	"two periodics of one name": {map[string]string{
		"jobs/j.yaml": "periodics:\n- {name: p, interval: 1h, " + pod + "}\n- {name: p, interval: 1h, " + pod + "}\n"},
		`jobs/j.yaml:3:4: error: periodic p exists already at FOLDER/jobs/j.yaml:2 (rename one of them)`},
	"a periodic without a schedule": {map[string]string{"jobs/j.yaml": "periodics:\n- {name: p, " + pod + "}\n"},
		`jobs/j.yaml:2:3: error: periodic p needs exactly one of cron, interval and minimum_interval`},
	"a cron that is none": {map[string]string{"jobs/j.yaml": "periodics:\n- {name: p, cron: '61 * * * *', " + pod + "}\n"},
		`jobs/j.yaml:2:13: error: cron "61 * * * *" cannot be read: end of range (61) above maximum (59): 61 (write "minute hour day month weekday", or @daily)`},
	"a preset that clashes with a job": {map[string]string{
		"config.yaml": "presets:\n- labels: {p: x}\n  env: [{name: A, value: b}]\n",
		"jobs/j.yaml": "presubmits:\n  acme/app:\n  - {name: a, labels: {p: x}, spec: {containers: [{image: i, env: [{name: A, value: c}]}]}}\n"},
		`jobs/j.yaml:3:15: error: the preset at FOLDER/config.yaml:2 adds environment variable "A", which the job has already (remove it from the job or drop the preset's label)`},
	"two presets with one selector": {mainFile("presets:\n- labels: {p: x}\n- labels: {p: x}\n"),
		`config.yaml:3:3: error: the preset at FOLDER/config.yaml:2 has the same labels (merge the two)`},
	"a connection without anything": {mainFile("connections:\n- kind: gitte\n"),
		`config.yaml:2:3: error: connection name "" is not usable in a URL (use up to 40 lower-case letters, digits and dashes)
config.yaml:2:3: error: connection kind "gitte" is not known (use one of gitea, github, gitlab, bitbucketcloud, bitbucketserver)
config.yaml:2:3: error: connection url "" is not an address of a server (write one like https://git.example.com, without user or password)
config.yaml:2:3: error: a connection needs bot (name the login of the account that the token belongs to)
config.yaml:2:3: error: a connection needs token_file (name the file that holds the account's token)
config.yaml:2:3: error: a connection needs webhook_secret_files (name the files that hold the webhook secrets; unsigned webhooks are refused)`},
	"a password in a url": {mainFile(strings.Replace(connections, "https://git.example.com/", "https://ci:secret@git.example.com", 1)),
		`config.yaml:3:29: error: connection url "https://...@git.example.com" is not an address of a server (write one like https://git.example.com, without user or password)`},
	"two connections of one name": {mainFile(strings.Replace(connections, "hub", "main", 1)),
		`config.yaml:4:4: error: connection "main" exists already (give each its own name)`},
	"two default connections": {mainFile(strings.ReplaceAll(connections, "{name", "{default: true, name")),
		`config.yaml:4:4: error: two connections are marked as default (mark one of them)`},
	"a store that is none": {mainFile("storage: {url: ftp://x/y}\n"),
		`config.yaml:1:11: error: storage url "ftp://x/y" is not a place that Pharos can keep logs in (write s3://bucket/prefix or file:///folder)`},
	"half a pair of keys": {mainFile("storage: {url: s3://b, access_key_file: k}\n"),
		`config.yaml:1:1: error: access_key_file and secret_key_file belong together (give both or neither)`},
	"a bucket's identity in parts": {mainFile("storage: {url: s3://b, role_arn: r, sts_endpoint: x}\n"),
		`config.yaml:1:1: error: role_arn and web_identity_token_file belong together (give both or neither)`},
	"an address for no identity": {mainFile("storage: {url: s3://b, sts_endpoint: https://sts.example.com}\n"),
		`config.yaml:1:24: error: sts_endpoint means nothing without role_arn (give role_arn and web_identity_token_file, or remove it)`},
	"encryption and compression that are none": {mainFile("storage:\n  url: s3://b\n  server_side_encryption: rot13\n  kms_key_id: k\n  compression: brotli\n  spool_size: 1Mi\n"),
		`config.yaml:3:3: error: server_side_encryption "rot13" is not known (use AES256 or aws:kms)
config.yaml:4:3: error: kms_key_id means nothing without server_side_encryption aws:kms (add server_side_encryption: aws:kms)
config.yaml:5:3: error: compression "brotli" is not known (use none or gzip)
config.yaml:6:3: error: spool_size 1Mi is too small (give at least 64Mi)`},
	"bounds below nothing": {mainFile("storage: {url: s3://b, retention: {max_age: -1h, jobs: {nightly: {max_runs: -1}}}}\n"),
		`config.yaml:1:36: error: max_age must not be negative
config.yaml:1:67: error: max_runs must not be negative`},
	"a login without its halves and keys": {mainFile(strings.Replace(connections, "{name: main,", "{name: main, login: {client_id: c, username_claim: n},", 1)),
		`config.yaml:2:1: error: logins need dashboard.cookie_key_file (make a file with openssl rand -base64 32 and name it)
config.yaml:3:16: error: a login needs client_id and client_secret_file (register an OAuth2 application on the forge and name both)
config.yaml:3:38: error: username_claim means nothing without issuer (remove it, or name the issuer)`},
	"a dashboard that is nowhere": {mainFile("dashboard: {url: ci.example.com, reading: few, error_patterns: ['(']}\n"),
		`config.yaml:1:13: error: dashboard url "ci.example.com" is not an address of a server (write one like https://ci.example.com)` + "\n" +
			`config.yaml:1:34: error: reading "few" is not known (use public, members or all)` + "\n" +
			"config.yaml:1:65: error: error pattern \"(\" is not a regular expression: error parsing regexp: missing closing ): `(` (use the syntax of Go's regexp package)"},
	"a log level that is none": {mainFile("log_level: loud\n"),
		`config.yaml:1:1: error: log_level "loud" is not known (use debug, info, warn or error)`},
	"two forms of default decoration": {mainFile("plank:\n  default_decoration_configs: {'*': {}}\n  default_decoration_config_entries: [{config: {}}]\n"),
		`config.yaml:3:3: error: default_decoration_configs and default_decoration_config_entries exclude each other (keep one of them)`},
	"a plugin enabled twice": {pluginsFile("plugins:\n  acme: [trigger]\n  acme/app:\n    plugins: [trigger]\n"),
		`plugins.yaml:3:3: error: plugin trigger is enabled for acme already (remove it from acme/app)`},
	"an unknown key of a plugin list": {pluginsFile("plugins:\n  acme: {plugin: [trigger]}\n"),
		`plugins.yaml:2:10: error: unknown key "plugin" in acme (did you mean plugins?)`},
	"a wrong type in a trigger": {pluginsFile("triggers:\n- repos: [acme]\n  only_org_members: sometimes\n"),
		`plugins.yaml:3:21: error: only_org_members must be true or false, not sometimes`},
	"a job of which one key cannot be read": {map[string]string{"jobs/j.yaml": "presubmits:\n  acme/app:\n  - {name: [a], " + pod + "}\n"},
		`jobs/j.yaml:3:12: error: name must be a text, not a list`},
	"an alias with a problem, told once": {mainFile("prow_ignored: &a {x: 1}\ndisabled_clusters: [*a, *a]\n"),
		`config.yaml:1:15: error: an item of disabled_clusters must be a text, not a mapping`},
	"aliases of aliases": {mainFile(bomb()),
		`config.yaml:1:6: error: the file nests too deeply or its aliases expand to too much (use fewer aliases)`},
	"an unknown key deep in a stanza that nothing acts on": {mainFile("deck:\n  spyglass:\n    lenses:\n    - {required_files: [x], lens: {nmae: y}}\n"),
		`config.yaml:4:7: error: a lens has no name (write one under lens.name)
config.yaml:4:36: error: unknown key "nmae" in lens (did you mean name?)`},
	"a query for nobody": {mainFile("tide: {queries: [{labels: [lgtm]}]}\n"),
		`config.yaml:1:18: error: a query names neither orgs nor repos (name at least one)`},
	"a query for some branches and all but some": {mainFile("tide: {queries: [{orgs: [acme], includedBranches: [a], excludedBranches: [b]}]}\n"),
		`config.yaml:1:56: error: includedBranches and excludedBranches exclude each other (keep one of them)`},
	"a label demanded and forbidden": {mainFile("tide: {queries: [{orgs: [acme], labels: [x], missingLabels: [x]}]}\n"),
		`config.yaml:1:46: error: label "x" is both demanded and forbidden (remove it from one of the lists)`},
	"a merge method that is none": {mainFile("tide:\n  merge_method: {acme: {app: {main: sqash}}}\n"),
		`config.yaml:2:31: error: "sqash" is not known here (use one of [merge squash rebase if-necessary fast-forward])`},
	"a branch that is neither a name nor an expression": {mainFile("tide:\n  merge_method: {acme: {app: {'(': merge}}}\n"),
		`config.yaml:2:31: error: "(" is neither a name nor a regular expression (correct it)`},
	"a context required and optional": {mainFile("tide:\n  context_options:\n    orgs: {acme: {required-contexts: [a], optional-contexts: [a]}}\n"),
		`config.yaml:3:12: error: context "a" is both required and optional (remove it from one of the lists)`},
	"a policy for some branches and all but some": {mainFile("branch-protection:\n  orgs:\n    acme: {repos: {app: {include: [a], exclude: [b]}}}\n"),
		`config.yaml:3:40: error: include and exclude exclude each other (keep one of them)`},
	"a template that is none": {mainFile("deck: {spyglass: {announcement: 'hello {{ .x'}}\n"),
		`config.yaml:1:33: error: announcement is not valid: no Go template: 1: unclosed action`},
	"two forms of who may start jobs": {mainFile("deck:\n  rerun_auth_configs: {'*': {allow_anyone: true}}\n  default_rerun_auth_configs: [{rerun_auth_configs: {}}]\n"),
		`config.yaml:3:3: error: rerun_auth_configs and default_rerun_auth_configs exclude each other (keep one of them)`},
	"Slack without a channel": {mainFile("slack_reporter_configs: {'*': {report: true}}\n"),
		`config.yaml:1:26: error: channel is missing (name the channel, as "#builds")`},
	"an expression of a plugin that is none": {pluginsFile("blockades:\n- repos: [acme]\n  blockregexps: ['[']\n"),
		"plugins.yaml:3:18: error: an item of blockregexps is not valid: no regular expression: missing closing ]: `[`"},
	"a ConfigMap without a name": {pluginsFile("config_updater: {maps: {a.yaml: {gzip: true}}}\n"),
		`plugins.yaml:1:25: error: give exactly one of name and partitioned_names`},
	"a cluster group that does not exist": {pluginsFile("config_updater: {maps: {a.yaml: {name: a, cluster_groups: [b]}}}\n"),
		`plugins.yaml:1:60: error: cluster group "b" does not exist (define it under config_updater.cluster_groups)`},
	"a label rule that finds its own label": {pluginsFile("require_matching_label:\n- {org: acme, prs: true, regexp: ^needs-, missing_label: needs-kind}\n"),
		`plugins.yaml:2:3: error: missing_label matches regexp itself (choose another label)`},
	"sizes out of order": {pluginsFile("size: {s: 10, m: 5}\n"),
		`plugins.yaml:1:1: error: the sizes do not rise from s to xxl (order them)`},
	"several files at once": {map[string]string{"config.yaml": "lgo_level: info\n", "plugins.yaml": "plugins: 1\n", "jobs/j.yaml": "periodic: []\n"},
		`config.yaml:1:1: error: unknown key "lgo_level" in the file (did you mean log_level?)
jobs/j.yaml:1:1: error: unknown key "periodic" in the file (did you mean periodics?)
plugins.yaml:1:10: error: plugins must be a mapping, not 1`},
}

// bomb is ten levels of ten aliases each.
func bomb() string {
	var b strings.Builder
	b.WriteString(".l0: &l0 [x]\n")
	for i := 1; i < 10; i++ {
		level, below := string(rune('0'+i)), "*l"+string(rune('0'+i-1))
		b.WriteString(".l" + level + ": &l" + level + " [" + strings.TrimSuffix(strings.Repeat(below+", ", 10), ", ") + "]\n")
	}
	b.WriteString("periodics: [{name: p, interval: 1h, agent: tekton-pipeline, pipeline_run_spec: {pipelineRef: {name: x}, params: [{name: y, value: *l9}]}}]\n")
	return b.String()
}

func TestBrokenConfigurations(t *testing.T) {
	for name, tc := range broken {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"config.yaml": "", "plugins.yaml": "", "jobs/z.yaml": ""}
			for file, content := range tc.files {
				files[file] = content
			}
			folder := write(t, files)
			_, err := config.Load(in(folder))
			var errs *config.Errors
			if !errors.As(err, &errs) {
				t.Fatalf("want findings, got %v", err)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), "\n"+folder+"/", "\n"), folder, "FOLDER")
			got = strings.TrimPrefix(got, "FOLDER/")
			if diff := cmp.Diff(strings.Split(tc.want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
