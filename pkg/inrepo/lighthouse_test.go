package inrepo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/inrepo"
)

const (
	triggers = `apiVersion: config.lighthouse.jenkins-x.io/v1alpha1
kind: TriggerConfig
spec:
  presubmits:
  - name: pr
    context: pr-build
    always_run: true
    trigger: (?m)^/test( all| pr),?(\s+|$)
    rerun_command: /test pr
    source: pullrequest.yaml
  postsubmits:
  - name: release
    source: release.yaml
    branches:
    - ^main$
`
	oldRun = `apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata:
  creationTimestamp: null
  name: pullrequest
spec:
  pipelineSpec:
    tasks:
    - name: build
      resources: {}
      taskSpec:
        metadata: {}
        stepTemplate:
          image: uses:acme/catalog/tasks/go.yaml@v1
          name: ""
          resources: {}
          workingDir: /workspace/source
        steps:
        - image: uses:acme/catalog/tasks/clone.yaml@v1
          name: ""
          resources: {}
        - name: build
          env:
          - {name: MODE, value: own}
        - name: image:front
          script: build front
        - name: own
          image: busybox
          script: echo $REPO_URL
  podTemplate: {}
  serviceAccountName: tekton-bot
  timeout: 240h0m0s
status: {}
`
	catalogGo = `apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata: {name: go}
spec:
  pipelineSpec:
    tasks:
    - name: other-name
      taskSpec:
        params: [{name: level, default: low}]
        workspaces: [{name: cache, optional: true}]
        volumes: [{name: v, emptyDir: {}}]
        stepTemplate:
          env: [{name: SHARED, value: "yes"}]
        steps:
        - name: build
          image: golang
          script: go build
          env: [{name: MODE, value: theirs}, {name: EXTRA, value: kept}]
          resources: {requests: {cpu: 400m}}
        - {name: image, image: kaniko, command: [build], args: [all]}
`
	catalogClone = `apiVersion: tekton.dev/v1beta1
kind: Task
metadata: {name: clone}
spec:
  steps:
  - {name: clone, image: git, script: git clone}
`
)

// catalog is what uses addresses lead to.
func catalog() map[string]map[string]string {
	return map[string]map[string]string{
		"https://github.com/acme/catalog.git@v1":       {"tasks/go.yaml": catalogGo, "tasks/clone.yaml": catalogClone},
		"https://git.example.com/acme/catalog.git@v1":  {"tasks/go.yaml": catalogGo, "tasks/clone.yaml": catalogClone},
		"https://git.example.com/other/catalog.git@v1": {"tasks/go.yaml": catalogGo},
	}
}

func lighthouse(t *testing.T, files *trees, e inrepo.Event, change ...func(*inrepo.Settings)) *inrepo.Found {
	t.Helper()
	s := settings()
	s.AllowedHosts = []string{"github.com"}
	for _, c := range change {
		c(s)
	}
	r := inrepo.New(inrepo.Options{
		Trees: files, Settings: func() *inrepo.Settings { return s },
		Login: func(_, cloneURL string) git.Login {
			if strings.HasPrefix(cloneURL, "https://git.example.com/") {
				return git.Login{Name: "bot", Token: "secret"}
			}
			return git.Login{}
		},
	})
	found, err := r.Read(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLighthouseJobsRunAsTheyAre(t *testing.T) {
	files := &trees{other: catalog(), files: map[string]string{
		".lighthouse/jenkins-x/triggers.yaml": triggers, ".lighthouse/jenkins-x/pullrequest.yaml": oldRun, ".lighthouse/jenkins-x/release.yaml": oldRun,
	}}
	found := lighthouse(t, files, pullEvent())
	if diff := cmp.Diff([]string(nil), texts(found)); diff != "" {
		t.Fatalf("problems (-want +got):\n%s", diff)
	}
	p := found.Presubmits[0]
	if p.Name != "pr" || p.Context != "pr-build" || p.Agent != "tekton-pipeline" || *p.Decorate || !p.AlwaysRun {
		t.Errorf("the job is %+v", p)
	}
	task := p.PipelineRunSpec.PipelineSpec.Tasks[0].TaskSpec
	var steps []string
	for _, s := range task.Steps {
		steps = append(steps, strings.Join([]string{s.Name, s.Image, s.Script, strings.Join(s.Command, " ")}, "|"))
	}
	want := []string{"clone|git|git clone|", "build|golang|go build|", "image-front|kaniko|build front|", "own|busybox|echo $REPO_URL|"}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	env := map[string]string{}
	for _, e := range append(task.StepTemplate.Env, task.Steps[1].Env...) {
		env[e.Name] = e.Value
	}
	for name, value := range map[string]string{"MODE": "own", "EXTRA": "kept", "SHARED": "yes", "REPO_URL": "$(params.REPO_URL)", "PULL_NUMBER": "$(params.PULL_NUMBER)"} {
		if env[name] != value {
			t.Errorf("%s is %q, want %q", name, env[name], value)
		}
	}
	if task.StepTemplate.Image != "" || task.StepTemplate.WorkingDir != "/workspace/source" || len(task.Volumes) != 1 {
		t.Errorf("the task is %+v", task)
	}
	if run := p.PipelineRunSpec; run.TaskRunTemplate.ServiceAccountName != "tekton-bot" || param(run.Params, "REPO_URL") != cloneURL || param(run.Params, "PULL_PULL_REF") != "refs/pull/7/head" {
		t.Errorf("the run's parameters are %v", run.Params)
	}
	if pushed := lighthouse(t, files, pushEvent()); len(pushed.Postsubmits) != 1 || pushed.Postsubmits[0].Name != "release" {
		t.Errorf("a push has %v, problems %v", names(pushed), texts(pushed))
	}
}

func param(all pipelinev1.Params, name string) string {
	for _, p := range all {
		if p.Name == name {
			return p.Value.StringVal
		}
	}
	return "missing"
}

// oneJob is a triggers.yaml with one presubmit.
func oneJob(lines ...string) string {
	return "apiVersion: config.lighthouse.jenkins-x.io/v1alpha1\nkind: TriggerConfig\nspec:\n  presubmits:\n  - name: pr\n    " + strings.Join(lines, "\n    ") + "\n"
}

func TestSourcesAreOfAnyKind(t *testing.T) {
	for name, source := range map[string]string{
		"a Task":                    catalogClone,
		"a Pipeline":                "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n  workspaces: [{name: w}]\n  tasks:\n  - name: clone\n    taskSpec: {steps: [{name: clone, image: git, script: git clone}]}\n",
		"a TaskRun":                 "apiVersion: tekton.dev/v1beta1\nkind: TaskRun\nmetadata: {name: p}\nspec:\n  serviceAccountName: x\n  taskSpec: {steps: [{name: clone, image: git, script: git clone}]}\n",
		"a file beside it":          "apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata:\n  name: p\n  annotations: {lighthouse.jenkins-x.io/loadFileRefs: '.*'}\nspec:\n  pipelineSpec:\n    tasks:\n    - name: x\n      taskRef: {name: sub/clone}\n",
		"a file of this repository": "apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  pipelineSpec:\n    tasks:\n    - name: x\n      taskSpec: {steps: [{image: 'uses:ci/clone.yaml'}]}\n",
		"a file of this server":     "apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  pipelineSpec:\n    tasks:\n    - name: x\n      taskSpec: {steps: [{image: 'uses:lighthouse:acme/catalog/tasks/clone.yaml@v1'}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			files := &trees{other: catalog(), files: map[string]string{
				".lighthouse/triggers.yaml": oneJob("source: src.yaml"), ".lighthouse/src.yaml": source,
				".lighthouse/sub/clone.yaml": catalogClone, "ci/clone.yaml": catalogClone,
			}}
			found := lighthouse(t, files, pullEvent())
			if diff := cmp.Diff([]string(nil), texts(found)); diff != "" {
				t.Fatalf("problems (-want +got):\n%s", diff)
			}
			if s := spec(t, found, 0); !strings.Contains(s, "git clone") {
				t.Errorf("the run is %s", s)
			}
		})
	}
}

func TestABrokenSourceCostsOnlyItsJob(t *testing.T) {
	run := func(image string) string {
		return "apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  pipelineSpec:\n    tasks:\n    - name: x\n      taskSpec: {steps: [{image: '" + image + "'}]}\n"
	}
	for name, tc := range map[string]struct{ source, want string }{
		"no such file":              {"", `.lighthouse/triggers.yaml:8:5: source src.yaml: .lighthouse/src.yaml does not exist in the repository`},
		"syntax":                    {"kind: [", ".lighthouse/src.yaml:2:1: did not find expected node content while parsing a flow node (correct the YAML syntax)"},
		"what Tekton refuses":       {strings.ReplaceAll(run("busybox"), "name: x", "name: X!"), ".lighthouse/src.yaml:7:7: Tekton refuses pipelineSpec.tasks[0].name: invalid value \"X!\": Pipeline Task name must be a valid DNS Label.For more info refer to https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names"},
		"another kind":              {"apiVersion: tekton.dev/v1\nkind: StepAction\nmetadata: {name: x}\nspec: {image: x}\n", `.lighthouse/src.yaml:1:1: kind "StepAction" is not one that can be run; use PipelineRun, Pipeline, TaskRun or Task`},
		"an unknown server":         {run("uses:elsewhere:acme/catalog/a.yaml@v1"), `.lighthouse/src.yaml:1:1: task x: uses elsewhere:acme/catalog/a.yaml@v1: server "elsewhere" is not known; write owner/repo/path@version, or lighthouse:owner/repo/path@version for this repository's own server`},
		"another's repository":      {run("uses:lighthouse:other/catalog/tasks/go.yaml@v1"), ".lighthouse/src.yaml:1:1: task x: uses lighthouse:other/catalog/tasks/go.yaml@v1: other/catalog is neither in acme nor one of inrepo.allowed_repos in config.yaml"},
		"a way out":                 {run("uses:acme/catalog/../../x@v1"), `.lighthouse/src.yaml:1:1: task x: uses acme/catalog/../../x@v1: "acme/catalog/../../x@v1" is not of the form owner/repo/path@version`},
		"a file that is not there":  {run("uses:acme/catalog/tasks/none.yaml@v1"), ".lighthouse/src.yaml:1:1: task x: uses acme/catalog/tasks/none.yaml@v1: acme/catalog has no file tasks/none.yaml there"},
		"an address":                {run("uses:https://evil.example.com/x.yaml"), ".lighthouse/src.yaml:1:1: task x: uses https://evil.example.com/x.yaml: host evil.example.com is not one of inrepo.allowed_hosts in config.yaml"},
		"files that use each other": {run("uses:.lighthouse/src.yaml"), ".lighthouse/src.yaml:1:1: task x: uses .lighthouse/src.yaml: task x: uses .lighthouse/src.yaml: task x: uses .lighthouse/src.yaml: task x: uses .lighthouse/src.yaml: task x: uses .lighthouse/src.yaml: task x: uses .lighthouse/src.yaml: files use each other more than 5 levels deep"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				".lighthouse/triggers.yaml":   oneJob("always_run: true", "optional: true", "source: src.yaml") + "  - name: good\n    source: good.yaml\n",
				".lighthouse/x/triggers.yaml": strings.ReplaceAll(oneJob("source: ../good.yaml"), "name: pr", "name: better"),
				".lighthouse/good.yaml":       catalogClone,
			}
			if tc.source != "" {
				files[".lighthouse/src.yaml"] = tc.source
			}
			found := lighthouse(t, &trees{files: files, other: catalog()}, pullEvent())
			if diff := cmp.Diff([]string{tc.want}, texts(found)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"good", "better"}, names(found)); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyTheOwnServerSeesTheLogin(t *testing.T) {
	for name, tc := range map[string]struct {
		uses, want string
	}{
		"the public server": {"acme/catalog/tasks/clone.yaml@v1", "https://github.com/acme/catalog.git@v1 "},
		"the own server":    {"pharos:acme/catalog/tasks/clone.yaml@v1", "https://git.example.com/acme/catalog.git@v1 bot"},
		"by connection":     {"main:other/catalog/tasks/go.yaml@v1", "https://git.example.com/other/catalog.git@v1 bot"},
		"a version stream":  {"acme/catalog/tasks/clone.yaml@versionStream", "https://github.com/acme/catalog.git@v1 "},
	} {
		t.Run(name, func(t *testing.T) {
			files := &trees{other: catalog(), files: map[string]string{
				".lighthouse/triggers.yaml": oneJob("source: src.yaml"),
				".lighthouse/src.yaml":      "apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  pipelineSpec:\n    tasks:\n    - name: x\n      taskSpec: {steps: [{image: 'uses:" + tc.uses + "'}]}\n",
			}}
			found := lighthouse(t, files, pullEvent(), func(s *inrepo.Settings) {
				s.AllowedRepos = []string{"other/catalog"}
				s.VersionStreams = map[string]string{"acme/catalog": "v1"}
			})
			if len(found.Problems) > 0 || files.reads[len(files.reads)-1] != tc.want {
				t.Errorf("problems %v, reads %q; want %q last", texts(found), files.reads, tc.want)
			}
		})
	}
}

func TestATriggerThatDoesNotFitIsReplaced(t *testing.T) {
	files := &trees{files: map[string]string{
		".lighthouse/triggers.yaml": oneJob("trigger: /test", "rerun_command: /retest", "source: src.yaml"), ".lighthouse/src.yaml": catalogClone,
	}}
	found := lighthouse(t, files, pullEvent())
	want := []string{`warning: .lighthouse/triggers.yaml:6:5: trigger "/test" and rerun_command "/retest" do not fit together; the job answers to /test pr (correct one of them)`}
	if diff := cmp.Diff(want, texts(found)); diff != "" || found.Presubmits[0].RerunCommand != "/test pr" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestRealRepositories reads repositories written for Lighthouse, where a folder with some is at hand. Their catalog is not,
// so what they use from it stands in for itself.
func TestRealRepositories(t *testing.T) {
	corpus := os.Getenv("PHAROS_CORPUS")
	if corpus == "" {
		t.Log("PHAROS_CORPUS is not set; the samples above stand for it")
		return
	}
	roots, err := filepath.Glob(filepath.Join(corpus, "lighthouse-inrepo", "*"))
	if err != nil || len(roots) == 0 {
		t.Fatal(roots, err)
	}
	for _, root := range roots {
		files := &trees{files: map[string]string{}, other: map[string]map[string]string{"https://github.com/jenkins-x/jx3-pipeline-catalog.git@HEAD": {}}}
		stand := files.other["https://github.com/jenkins-x/jx3-pipeline-catalog.git@HEAD"]
		err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, name)
			files.files[rel] = string(data)
			standIn(stand, string(data))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []inrepo.Event{pullEvent(), pushEvent()} {
			found := lighthouse(t, files, e)
			if found.Broken() || len(names(found)) == 0 {
				t.Errorf("%s: jobs %v, problems:\n%s", filepath.Base(root), names(found), strings.Join(texts(found), "\n"))
			}
		}
	}
}

// standIn gives a catalog every file that a pipeline uses: one step where it uses all, else those that it names.
func standIn(files map[string]string, pipeline string) {
	const head = "apiVersion: tekton.dev/v1beta1\nkind: Task\nmetadata: {name: x}\nspec:\n  steps:\n"
	step := func(name string) string { return "  - {name: " + name + ", image: busybox, command: [\"true\"]}\n" }
	var steps strings.Builder
	for line := range strings.Lines(pipeline) {
		if name, ok := strings.CutPrefix(strings.TrimLeft(line, " -"), "name: "); ok && strings.Trim(name, "\"\n") != "" {
			name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
			steps.WriteString(step(name))
		}
	}
	for line := range strings.Lines(pipeline) {
		before, address, ok := strings.Cut(line, "image: uses:jenkins-x/jx3-pipeline-catalog/")
		if !ok {
			continue
		}
		file, _, _ := strings.Cut(address, "@")
		switch {
		case strings.HasSuffix(before, "- "):
			files[file] = head + step(strings.ReplaceAll(strings.TrimSuffix(file, ".yaml"), "/", "-"))
		case files[file] == "":
			files[file] = head + steps.String()
		default:
			files[file] += steps.String()
		}
	}
}
