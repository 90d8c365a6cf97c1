package inrepo_test

import (
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/inrepo"
)

// fuzzRead reads one file of a pull request, of which nothing but an answer is wanted: no panic, no error, and every problem
// with a message.
func fuzzRead(t *testing.T, name, content string) {
	t.Helper()
	files := &trees{files: map[string]string{name: content, "ci/compile.yaml": taskCompile, ".lighthouse/src.yaml": oldRun}}
	r := inrepo.New(inrepo.Options{Trees: files, Settings: settings})
	found, err := r.Read(t.Context(), pullEvent())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found.Problems {
		if p.Message == "" {
			t.Errorf("a problem without a message: %+v", p)
		}
	}
	for _, p := range found.Presubmits {
		if p.Name == "" || p.Context == "" {
			t.Errorf("a job without a name: %+v", p)
		}
	}
	if found.Broken() && len(found.Presubmits) > 0 && !strings.HasPrefix(name, ".lighthouse") {
		t.Errorf("a broken file has jobs")
	}
}

func FuzzProw(f *testing.F) {
	for _, seed := range []string{"", "presubmits: [", "presubmits:\n- name: a\n  always_run: true\n  spec: {containers: [{image: i}]}\n",
		"presets:\n- labels: {a: b}\n  env: [{name: X, value: y}]\npresubmits:\n- name: a\n  labels: {a: b}\n  spec: {containers: [{image: i}]}\n",
		"presubmits:\n- name: a\n  agent: tekton-pipeline\n  pipeline_run_spec: {pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{image: i}]}}]}}\n",
		"x: &x [*x, *x]\npresubmits: *x\n", "presubmits:\n- &a {name: a}\n- *a\n", "presubmits: {a: 1}\n", "postsubmits:\n- {}\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) { fuzzRead(t, ".prow.yaml", content) })
}

func FuzzTriggers(f *testing.F) {
	for _, seed := range []string{"", triggers, oneJob("source: src.yaml"), oneJob("source: ../../x"), oneJob("trigger: (", "rerun_command: x"), "spec: []\n", "kind: [\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) { fuzzRead(t, ".lighthouse/triggers.yaml", content) })
}

func FuzzLighthousePipeline(f *testing.F) {
	for _, seed := range []string{"", oldRun, catalogClone, "kind: Task\nspec: {steps: [{image: 'uses:.lighthouse/src.yaml'}]}\n", "kind: TaskRun\nspec: {}\n", "kind: PipelineRun\nspec: {pipelineSpec: {tasks: [{taskSpec: {stepTemplate: {image: 'uses:'}}}]}}\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		files := &trees{files: map[string]string{".lighthouse/triggers.yaml": oneJob("source: src.yaml"), ".lighthouse/src.yaml": content}}
		r := inrepo.New(inrepo.Options{Trees: files, Settings: settings})
		if _, err := r.Read(t.Context(), pullEvent()); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzTekton(f *testing.F) {
	for _, seed := range []string{"", pipelineRun("ci", `on-event: "[pull_request]"`, `on-target-branch: "[main]"`), runByReference + "---\n" + pipelineBuild + "---\n" + taskCompile,
		"{{ revision }}: {{ repo_url }}\n", "xPHAROSVAR0x: {{revision}} xPHAROSVAR99x\n", "kind: PipelineRun\nspec: {pipelineSpec: {tasks: [{taskRef: {name: x}}]}}\n",
		"kind: PipelineRun\nmetadata: {name: a}\nspec: {pipelineRef: {}}\n", "---\n---\n", "apiVersion: v1\nkind: Secret\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) { fuzzRead(t, ".tekton/ci.yaml", content) })
}

func FuzzAnnotations(f *testing.F) {
	for _, seed := range [][2]string{{"on-event", "[push, pull_request]"}, {"on-target-branch", "[a{b,c}*]"}, {"on-path-change", "[!a-z]**/[x-"}, {"on-path-change-ignore", "a&#44;b"},
		{"on-cel-expression", `event == "push" && files.all.exists(x, x.matches("a"))`}, {"on-cel-expression", `"**[".pathChanged()`}, {"on-cel-expression", `[1,2,3].map(x, [1,2,3].map(y, x*y)).size() > 0`},
		{"on-comment", "(?i)^/x"}, {"on-label", "[]"}, {"task", "[a, b:1]"}, {"task-1", "ci/compile.yaml"}, {"pipeline", "http://[::1"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		quoted := "'" + strings.NewReplacer("'", "''", "\n", " ", "\r", " ").Replace(value) + "'"
		key = strings.Map(func(r rune) rune {
			if r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return 'x'
		}, key)
		found := read(t, map[string]string{".tekton/ci.yaml": pipelineRun("ci", key+": "+quoted)}, pullEvent())
		if !found.Broken() {
			decide(t, found, "a/b.go", "docs/x.md")
		}
	})
}
