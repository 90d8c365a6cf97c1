package inrepo_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
)

// pipelineRun writes one with annotations, as for Pipelines-as-Code.
func pipelineRun(name string, annotations ...string) string {
	var b strings.Builder
	b.WriteString("apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: " + name + "\n  annotations:\n    example.com/owner: team\n")
	for _, a := range annotations {
		b.WriteString("    pipelinesascode.tekton.dev/" + a + "\n")
	}
	b.WriteString("spec:\n  pipelineSpec:\n    tasks:\n    - name: t\n      taskSpec:\n        steps:\n        - image: busybox\n          script: echo {{ revision }} {{source_branch}} {{ unknown }}\n")
	return b.String()
}

func TestAnnotationsDecideAsInPipelinesAsCode(t *testing.T) {
	for name, tc := range map[string]struct {
		annotations []string
		push        bool
		labels      []string
		changed     []string
		want        string // "" means that it is no job of this event
	}{
		"both match":                      {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[main]"`}, want: "true: on-event and on-target-branch match"},
		"one value needs no brackets":     {annotations: []string{`on-event: pull_request`, `on-target-branch: main`}, want: "true: on-event and on-target-branch match"},
		"several branches":                {annotations: []string{`on-event: "[push, pull_request]"`, `on-target-branch: "[release, main]"`}, want: "true: on-event and on-target-branch match"},
		"a full ref":                      {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[refs/heads/main]"`}, want: "true: on-event and on-target-branch match"},
		"a pattern":                       {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[refs/heads/ma*]"`}, want: "true: on-event and on-target-branch match"},
		"another branch":                  {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[release-*]"`}, want: "false: on-target-branch release-* does not match main"},
		"no branch":                       {annotations: []string{`on-event: "[pull_request]"`}, want: "false: has no on-target-branch annotation"},
		"another event":                   {annotations: []string{`on-event: "[push]"`, `on-target-branch: "[main]"`}},
		"a push":                          {push: true, annotations: []string{`on-event: "[push]"`, `on-target-branch: "[main]"`}, want: "true: on-event and on-target-branch match"},
		"a push of another":               {push: true, annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[main]"`}},
		"no annotation at all":            {want: "false: needs /test ci"},
		"a path that changed":             {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[*]"`, `on-path-change: "[docs/**.md, ***/*.go]"`}, changed: []string{"README", "a/b/c.go"}, want: "true: on-path-change matches a/b/c.go"},
		"a path that did not":             {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[*]"`, `on-path-change: "[docs/**.md]"`}, changed: []string{"main.go"}, want: "false: on-path-change matches no changed file"},
		"a path with a comma":             {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[*]"`, `on-path-change: "[a&#44;b]"`}, changed: []string{"a,b"}, want: "true: on-path-change matches a,b"},
		"an ignored path wins":            {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[*]"`, `on-path-change: "[***.go]"`, `on-path-change-ignore: "[***.md]"`}, changed: []string{"a.go", "b.md"}, want: "false: on-path-change-ignore matches b.md"},
		"nothing ignored":                 {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[*]"`, `on-path-change-ignore: "[docs/***]"`}, changed: []string{"a.go"}, want: "true: on-path-change-ignore matches no changed file"},
		"a label":                         {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[main]"`, `on-label: "[bug, defect]"`}, labels: []string{"defect"}, want: "true: on-event and on-target-branch match"},
		"no such label":                   {annotations: []string{`on-event: "[pull_request]"`, `on-target-branch: "[main]"`, `on-label: "[bug, defect]"`}, want: "false: has none of the labels of on-label: bug, defect"},
		"an expression":                   {annotations: []string{`on-cel-expression: event == "pull_request" && target_branch == "main" && source_branch.startsWith("feat")`}, want: "true: on-cel-expression is true"},
		"an expression wins":              {annotations: []string{`on-event: "[push]"`, `on-target-branch: "[main]"`, `on-cel-expression: event_title.startsWith("Add")`}, want: "true: on-cel-expression is true"},
		"an expression that is not true":  {annotations: []string{`on-cel-expression: event == "push"`}, want: "false: on-cel-expression is not true"},
		"an expression on a push":         {push: true, annotations: []string{`on-cel-expression: event == "push" && source_branch == target_branch`}, want: "true: on-cel-expression is true"},
		"an expression about paths":       {annotations: []string{`on-cel-expression: '"docs/*.md".pathChanged()'`}, changed: []string{"docs/a/b.md"}, want: "true: on-cel-expression is true"},
		"an expression about files":       {annotations: []string{`on-cel-expression: files.all.exists(x, x.matches("^src/"))`}, changed: []string{"src/a"}, want: "true: on-cel-expression is true"},
		"an expression about new files":   {annotations: []string{`on-cel-expression: files.added == ["new.go"] && files.modified.size() == 0 && files["renamed"].size() == 1`}, want: "true: on-cel-expression is true"},
		"an expression about the payload": {annotations: []string{`on-cel-expression: body.pull_request.number == 7`}, want: "false: on-cel-expression cannot be evaluated: no such key: pull_request"},
		"only a comment":                  {annotations: []string{`on-comment: ^/deploy`}, want: "false: needs /test ci"},
	} {
		t.Run(name, func(t *testing.T) {
			e := pullEvent()
			if tc.push {
				e = pushEvent()
			}
			e.Labels = tc.labels
			found := read(t, map[string]string{".tekton/ci.yaml": pipelineRun("ci", tc.annotations...)}, e)
			if diff := cmp.Diff([]string(nil), texts(found)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got := decide(t, found, tc.changed...)["ci"]; got != tc.want {
				t.Errorf("decision is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAPushWhoseFilesAreNotKnownRunsIfTheyWouldDecide(t *testing.T) {
	const touched = "true: the changed files are not known, so it counts as touched"
	for name, tc := range map[string]struct{ before, expression, want string }{
		"a new branch":                    {"", `files.added.exists(x, x == "nosuch")`, touched},
		"a forced push":                   {"gone", `files.added.exists(x, x == "nosuch")`, touched},
		"a push":                          {"old", `files.added.exists(x, x == "nosuch")`, "false: on-cel-expression is not true"},
		"another branch":                  {"", `target_branch == "other" && files.added.exists(x, x == "nosuch")`, "false: on-cel-expression is not true"},
		"another branch, by its paths":    {"", `"*.txt".pathChanged() && target_branch == "other"`, "false: on-cel-expression is not true"},
		"a new branch, by its paths":      {"", `"*.txt".pathChanged() && target_branch == "main"`, touched},
		"what holds whatever has changed": {"", `files.all.size() > 0 || event == "push"`, "true: on-cel-expression is true"},
	} {
		t.Run(name, func(t *testing.T) {
			e := pushEvent()
			e.Before = tc.before
			found := read(t, map[string]string{".tekton/ci.yaml": pipelineRun("ci", "on-cel-expression: '"+tc.expression+"'")}, e)
			var changed func() ([]string, error)
			if tc.before != "" && tc.before != "gone" {
				changed = func() ([]string, error) { return []string{"x"}, nil }
			}
			decisions, err := job.Postsubmits(found.Postsubmits, "main", changed)
			if err != nil || len(decisions) != 1 {
				t.Fatal(decisions, err)
			}
			if got := fmt.Sprint(decisions[0].Run, ": ", decisions[0].Reason); got != tc.want {
				t.Errorf("decision is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCommentsStartRuns(t *testing.T) {
	found := read(t, map[string]string{
		".tekton/a.yaml": pipelineRun("deploy", `on-comment: ^/deploy (staging|production)$`),
		".tekton/b.yaml": pipelineRun("unit", `on-event: pull_request`, `on-target-branch: main`),
	}, pullEvent())
	for comment, want := range map[string]string{
		"/deploy staging":         "deploy",
		"/deploy moon":            "",
		"/test deploy":            "deploy",
		"/test unit":              "unit",
		"thanks\n/deploy staging": "", // the expression is about the whole comment
	} {
		decisions, err := job.Presubmits(found.Presubmits, "main", job.Ask{Comment: comment}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range decisions {
			if d.Run {
				got = append(got, d.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q starts %v, want %q", comment, got, want)
		}
	}
}

// spec is a presubmit's pipeline as JSON.
func spec(t *testing.T, found *inrepo.Found, i int) string {
	t.Helper()
	if len(found.Presubmits) <= i {
		t.Fatalf("%d jobs, problems %v", len(found.Presubmits), texts(found))
	}
	data, err := json.Marshal(found.Presubmits[i].PipelineRunSpec)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestVariablesAreFilledIn(t *testing.T) {
	run := `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  generateName: ci-
spec:
  params:
  - {name: quoted, value: "{{ revision }}"}
  - name: bare
    value: {{repo_url}}
  - name: number
    value: {{ pull_request_number }}
  - name: all
    value: "{{repo_owner}} {{repo_name}} {{sender}} {{source_branch}} {{target_branch}} {{event}} {{target_namespace}}"
  - name: comment
    value: "{{ trigger_comment }}"
  - name: unknown
    value: "{{ hash }}"
  pipelineSpec:
    tasks:
    - name: t
      taskSpec:
        steps:
        - image: busybox
          script: |
            git checkout {{revision}}
`
	e := pullEvent()
	e.Comment = "/test \"x\"\n- evil: [yaml"
	found := read(t, map[string]string{".tekton/ci.yaml": run}, e)
	got := map[string]string{}
	if len(found.Presubmits) != 1 || found.Presubmits[0].Name != "ci" {
		t.Fatalf("jobs are %v, problems %v", names(found), texts(found))
	}
	for _, p := range found.Presubmits[0].PipelineRunSpec.Params {
		got[p.Name] = p.Value.StringVal
	}
	want := map[string]string{
		"quoted": strings.Repeat("b", 40), "bare": "https://git.example.com/acme/app", "number": "7",
		"all": "acme app alice feature main pull_request pods", "comment": `/test "x"\n- evil: [yaml`, "unknown": "{{ hash }}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if s := spec(t, found, 0); !strings.Contains(s, "git checkout "+strings.Repeat("b", 40)) {
		t.Errorf("the script lacks the revision: %s", s)
	}
}

const (
	runByReference = `apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata:
  name: ci
spec:
  serviceAccountName: builder
  timeout: 30m
  pipelineRef:
    name: build
`
	pipelineBuild = `apiVersion: tekton.dev/v1
kind: Pipeline
metadata:
  name: build
spec:
  tasks:
  - name: compile
    taskRef:
      name: compile
  finally:
  - name: cluster
    taskRef:
      resolver: cluster
      params: [{name: name, value: x}]
`
	taskCompile = `apiVersion: tekton.dev/v1beta1
kind: Task
metadata:
  name: compile
  labels: {from: folder}
spec:
  steps:
  - name: go
    image: golang
    resources: {requests: {cpu: 100m}}
    script: go build
`
)

func TestReferencesAreWrittenInto(t *testing.T) {
	found := read(t, map[string]string{
		".tekton/run.yaml": runByReference + "---\n" + pipelineBuild, ".tekton/tasks/compile.yaml": taskCompile,
	}, pullEvent())
	if diff := cmp.Diff([]string(nil), texts(found)); diff != "" {
		t.Fatalf("problems (-want +got):\n%s", diff)
	}
	s := found.Presubmits[0].PipelineRunSpec
	if s.PipelineRef != nil || s.TaskRunTemplate.ServiceAccountName != "builder" || s.Timeouts.Pipeline.Minutes() != 30 {
		t.Errorf("the run is %s", spec(t, found, 0))
	}
	task := s.PipelineSpec.Tasks[0]
	if task.TaskRef != nil || task.TaskSpec.Steps[0].Script != "go build" || task.TaskSpec.Metadata.Labels["from"] != "folder" {
		t.Errorf("the task is %+v", task)
	}
	if s.PipelineSpec.Finally[0].TaskRef == nil {
		t.Error("a reference that Tekton resolves was touched")
	}
}

func TestWhatIsWrongIsToldAtItsLine(t *testing.T) {
	for name, tc := range map[string]struct{ file, want string }{
		"a task that does not exist": {
			file: runByReference + "---\n" + pipelineBuild,
			want: `.tekton/ci.yaml:8:3: there is no task "compile"; put it into .tekton/, or name it in annotation pipelinesascode.tekton.dev/task`,
		},
		"a pipeline that does not exist": {
			file: runByReference,
			want: `.tekton/ci.yaml:8:3: there is no pipeline "build"; put it into .tekton/, or name it in annotation pipelinesascode.tekton.dev/pipeline`,
		},
		"a list that does not end": {
			file: pipelineRun("ci", `on-event: "[push"`),
			want: `.tekton/ci.yaml:7:5: annotation pipelinesascode.tekton.dev/on-event: "[push" begins a list that does not end; write [one, two]`,
		},
		"an expression that does not compile": {
			file: pipelineRun("ci", `on-cel-expression: event = "push"`),
			want: `.tekton/ci.yaml:7:5: annotation pipelinesascode.tekton.dev/on-cel-expression: the expression does not compile: ERROR: <input>:1:7: Syntax error: token recognition error at: '= '`,
		},
		"an expression of another type": {
			file: pipelineRun("ci", `on-cel-expression: event`),
			want: `.tekton/ci.yaml:7:5: annotation pipelinesascode.tekton.dev/on-cel-expression: the expression is a string; want true or false`,
		},
		"a comment that is no expression": {
			file: pipelineRun("ci", `on-comment: "("`),
			want: ".tekton/ci.yaml:7:5: annotation pipelinesascode.tekton.dev/on-comment: error parsing regexp: missing closing ): `(`",
		},
		"what Tekton refuses": {
			file: strings.ReplaceAll(pipelineRun("ci"), "- name: t\n", "- name: t\n      runAfter: [nosuch]\n"),
			want: ".tekton/ci.yaml:9:5: Tekton refuses pipelineSpec.tasks: invalid value: couldn't add link between t and nosuch: task t depends on nosuch but nosuch wasn't present in Pipeline",
		},
		"an unknown version": {
			file: strings.ReplaceAll(pipelineRun("ci"), "tekton.dev/v1", "tekton.dev/v9"),
			want: `.tekton/ci.yaml:1:1: version "v9" of Tekton's API is not known; use v1 or v1beta1`,
		},
		"a name twice": {
			file: pipelineRun("ci") + "---\n" + pipelineRun("ci"),
			want: ".tekton/ci.yaml:18:1: presubmit ci of acme/app exists already at .tekton/ci.yaml:3 for the same branches (rename one of them or separate their branches)",
		},
		"a remote task": {
			file: pipelineRun("ci", `task: "https://evil.example.com/task.yaml"`),
			want: ".tekton/ci.yaml:7:5: annotation pipelinesascode.tekton.dev/task: host evil.example.com is not one of inrepo.allowed_hosts in config.yaml",
		},
		"a file outside of the repository": {
			file: pipelineRun("ci", `task: "../../etc/passwd.yaml"`),
			want: `.tekton/ci.yaml:7:5: annotation pipelinesascode.tekton.dev/task: "../../etc/passwd.yaml" leads out of the repository`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			found := read(t, map[string]string{".tekton/ci.yaml": tc.file, ".tekton/good.yaml": pipelineRun("good")}, pullEvent())
			if diff := cmp.Diff([]string{tc.want}, texts(found)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"good"}, names(found)); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARunDoesWithoutTheForgesLogin(t *testing.T) {
	run := `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: ci}
spec:
  workspaces:
  - {name: source, emptyDir: {}}
  - name: basic-auth
    secret: {secretName: "{{ git_auth_secret }}"}
  pipelineSpec:
    workspaces: [{name: source}, {name: basic-auth}]
    tasks:
    - name: clone
      workspaces:
      - {name: output, workspace: source}
      - {name: auth, workspace: basic-auth}
      taskSpec:
        workspaces: [{name: output}, {name: auth}]
        steps:
        - image: git
          env:
          - name: TOKEN
            valueFrom: {secretKeyRef: {name: "{{ git_auth_secret }}", key: git-provider-token}}
`
	found := read(t, map[string]string{".tekton/ci.yaml": run}, pullEvent())
	want := []string{"warning: .tekton/ci.yaml:4:1: the secret named git_auth_secret does not exist: no run is given a login to the forge (use a secret of your own)"}
	if diff := cmp.Diff(want, texts(found)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	s := found.Presubmits[0].PipelineRunSpec
	task := s.PipelineSpec.Tasks[0]
	if len(s.Workspaces) != 1 || len(s.PipelineSpec.Workspaces) != 1 || len(task.Workspaces) != 1 ||
		!task.TaskSpec.Workspaces[1].Optional || !*task.TaskSpec.Steps[0].Env[0].ValueFrom.SecretKeyRef.Optional {
		t.Errorf("the run is %s", spec(t, found, 0))
	}
}
