package app_test

import (
	"bytes"
	"strings"
	"testing"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/app"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

const renderable = `
connections:
- {name: main, kind: gitea, url: https://git.example.com, bot: bot, token_file: t, webhook_secret_files: [s]}
pod_namespace: pods
presubmits:
  acme/app:
  - {name: unit, decorate: true, branches: [main], extra_refs: [{org: acme, repo: lib, base_ref: dev}], spec: {containers: [{image: go, args: [test]}]}}
  - {name: unit, branches: [old], spec: {containers: [{image: old-go}]}}
postsubmits:
  acme/app:
  - {name: publish, spec: {containers: [{image: i}]}}
periodics:
- {name: nightly, interval: 1h, spec: {containers: [{image: i}]}}
`

func rendered(t *testing.T, o app.RenderOptions) *pipelinev1.PipelineRun {
	t.Helper()
	o.Config = paths(t, map[string]string{"config.yaml": renderable})
	o.Pipeline = pipeline.Options{Image: "pharos"}
	var once, again bytes.Buffer
	if err := app.Render(o, &once); err != nil {
		t.Fatal(err)
	}
	if err := app.Render(o, &again); err != nil || again.String() != once.String() {
		t.Errorf("a second time: %v, the same: %v", err, again.String() == once.String())
	}
	var run pipelinev1.PipelineRun
	if err := yaml.UnmarshalStrict(once.Bytes(), &run); err != nil {
		t.Fatalf("%v in\n%s", err, once.String())
	}
	return &run
}

// environment is what every step of the first task sees.
func environment(run *pipelinev1.PipelineRun) map[string]string {
	env := map[string]string{}
	for _, v := range run.Spec.PipelineSpec.Tasks[0].TaskSpec.StepTemplate.Env {
		env[v.Name] = v.Value
	}
	return env
}

func TestRender(t *testing.T) {
	for name, tc := range map[string]struct {
		options app.RenderOptions
		env     map[string]string
	}{
		"a presubmit": {app.RenderOptions{Job: "unit", Repo: "acme/app", Pulls: []string{"7:abc:ann"}, BaseSHA: "b0", BuildID: "12"},
			map[string]string{"JOB_TYPE": "presubmit", "PULL_NUMBER": "7", "PULL_PULL_SHA": "abc", "PULL_BASE_REF": "main", "PULL_BASE_SHA": "b0", "BUILD_ID": "12"}},
		"a presubmit without a pull request": {app.RenderOptions{Job: "unit", Repo: "main:acme/app"}, map[string]string{"PULL_NUMBER": "1", "BUILD_ID": "1"}},
		"the job of another branch":          {app.RenderOptions{Job: "unit", Repo: "acme/app", BaseRef: "old"}, map[string]string{"PULL_BASE_REF": "old"}},
		"a batch":                            {app.RenderOptions{Job: "unit", Repo: "acme/app", Pulls: []string{"7:abc:ann", "8:def"}, BaseSHA: "b0"}, map[string]string{"JOB_TYPE": "batch", "PULL_REFS": "main:b0,7:abc:refs/pull/7/head,8:def:refs/pull/8/head"}},
		"a postsubmit":                       {app.RenderOptions{Job: "publish", Repo: "acme/app", BaseSHA: "b0"}, map[string]string{"JOB_TYPE": "postsubmit", "PULL_REFS": "main:b0", "REPO_OWNER": "acme"}},
		"a periodic":                         {app.RenderOptions{Job: "nightly"}, map[string]string{"JOB_TYPE": "periodic", "JOB_NAME": "nightly"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := rendered(t, tc.options)
			if run.Namespace != "pods" || run.Name == "" {
				t.Errorf("it is %s/%s", run.Namespace, run.Name)
			}
			env := environment(run)
			for key, want := range tc.env {
				if env[key] != want {
					t.Errorf("%s is %q, want %q", key, env[key], want)
				}
			}
		})
	}
}

// An extra ref that does not say where it is is on the job's own forge, whatever that is.
func TestExtraRefsComeFromTheSameForge(t *testing.T) {
	run := rendered(t, app.RenderOptions{Job: "unit", Repo: "acme/app"})
	order := ""
	for _, v := range run.Spec.PipelineSpec.Tasks[0].TaskSpec.Steps[0].Env {
		order += v.Value
	}
	for _, want := range []string{`"clone_uri":"https://git.example.com/acme/app.git"`, `"clone_uri":"https://git.example.com/acme/lib.git"`} {
		if !strings.Contains(order, want) {
			t.Errorf("the clone order lacks %s: %s", want, order)
		}
	}
}

func TestWhatCannotBeRendered(t *testing.T) {
	p := paths(t, map[string]string{"config.yaml": renderable})
	for name, tc := range map[string]struct {
		options app.RenderOptions
		want    string
	}{
		"a job that is not there":    {app.RenderOptions{Job: "lint", Repo: "acme/app"}, `no job of acme/app on branch main is called "lint"; ` + "`pharos jobs --repo acme/app` lists them"},
		"a periodic that is not one": {app.RenderOptions{Job: "unit"}, `no periodic job is called "unit"; for a job of a repository give --repo`},
		"a pull without a commit":    {app.RenderOptions{Job: "unit", Repo: "acme/app", Pulls: []string{"7"}}, "--pull=7: write NUMBER:SHA or NUMBER:SHA:AUTHOR"},
		"a repository that is none":  {app.RenderOptions{Job: "unit", Repo: "acme"}, `--repo: "acme" is not a repository: write org/repo or connection:org/repo`},
		"decoration without an image": {app.RenderOptions{Job: "unit", Repo: "acme/app"},
			"build the PipelineRun of unit (" + p.Config + ":7): no Pharos image is configured for the clone step"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.options.Config = p
			if err := app.Render(tc.options, &bytes.Buffer{}); err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}
