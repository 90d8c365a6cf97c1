package pipeline_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

var update = flag.Bool("update", false, "write the golden files")

var options = pipeline.Options{Image: "pharos:test", DashboardURL: "https://ci.example.com/run/1", ArtifactsURL: "http://pharos.test:8083"}

func job(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".job.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func load(t *testing.T, name string) *v1alpha1.PipelineJob {
	t.Helper()
	pj := &v1alpha1.PipelineJob{}
	if err := yaml.UnmarshalStrict(job(t, name), pj); err != nil {
		t.Fatal(err)
	}
	return pj
}

func TestPipelineRunsAreTheGoldenOnes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.job.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".job.yaml")
		t.Run(name, func(t *testing.T) {
			pj := load(t, name)
			before := pj.DeepCopy()
			run, err := pipeline.Build(pj, options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, pj); diff != "" {
				t.Errorf("the job was changed (-before +after):\n%s", diff)
			}
			got, err := yaml.Marshal(run)
			if err != nil {
				t.Fatal(err)
			}
			again, err := pipeline.Build(pj, options)
			if err != nil || !cmp.Equal(run, again) {
				t.Errorf("building twice differs: %v\n%s", err, cmp.Diff(run, again))
			}
			golden := filepath.Join("testdata", name+".run.yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
		})
	}
}

// expand does to a container's text what the kubelet does.
func expand(text string, env map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		end := strings.IndexByte(rest, ')')
		switch {
		case strings.HasPrefix(rest, "$$"):
			out.WriteByte('$')
			i++
		case strings.HasPrefix(rest, "$(") && end > 0:
			if value, ok := env[rest[2:end]]; ok {
				out.WriteString(value)
			} else {
				out.WriteString(rest[:end+1])
			}
			i += end
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// container gives a step of the only task as the kubelet would start it: merged with the template, variables expanded.
func container(t *testing.T, run *tektonv1.PipelineRun, step string) (corev1.Container, map[string]string) {
	t.Helper()
	task := run.Spec.PipelineSpec.Tasks[0].TaskSpec.TaskSpec
	steps, err := tektonv1.MergeStepsWithStepTemplate(task.StepTemplate, task.DeepCopy().Steps)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Name != step {
			continue
		}
		env := map[string]string{}
		for _, v := range s.Env {
			env[v.Name] = expand(v.Value, env)
		}
		for i := range s.Args {
			s.Args[i] = expand(s.Args[i], env)
		}
		return *s.ToK8sContainer(), env
	}
	t.Fatalf("no step %q", step)
	return corev1.Container{}, nil
}

func TestTheProgramSeesWhatTheJobAndTheForgeWrote(t *testing.T) {
	pj := load(t, "pod-decorated")
	run, err := pipeline.Build(pj, options)
	if err != nil {
		t.Fatal(err)
	}
	c, env := container(t, run, "test")
	if diff := cmp.Diff([]string{"run", "--", "sh", "-c", "echo $(date) $(params.x) $HOME $(context.x) $(y) && make test"}, c.Args); diff != "" {
		t.Errorf("args (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"CI": "true", "JOB_NAME": "pull-unit", "JOB_TYPE": "presubmit", "PROW_JOB_ID": "pj-0123456789",
		"BUILD_ID": "1800000000000000001", "BUILD_NUMBER": "1800000000000000001",
		"REPO_OWNER": "acme", "REPO_NAME": "web", "SRC_HOST": "127.0.0.1", "SRC_BASE": "acme/web",
		"PULL_BASE_REF": "main", "PULL_BASE_SHA": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"PULL_REFS":   "main:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,7:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:refs/pull/7/head",
		"PULL_NUMBER": "7", "PULL_PULL_SHA": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "PULL_HEAD_REF": "feature",
		"PULL_TITLE": "Steal $(AWS_SECRET) and $(params.x) for $5", "ARTIFACTS": "/logs/artifacts", "GOPATH": "/home/prow/go",
		"PATTERN": "$(results.sh)",
	}
	for name, value := range want {
		if env[name] != value {
			t.Errorf("%s = %q, want %q", name, env[name], value)
		}
	}
	var spec struct {
		Type, Job, BuildID, ProwJobID string
		Refs                          v1alpha1.Refs
		ExtraRefs                     []v1alpha1.Refs `json:"extra_refs"`
	}
	if err := json.Unmarshal([]byte(env["JOB_SPEC"]), &spec); err != nil {
		t.Fatal(err)
	}
	if spec.Type != "presubmit" || spec.Job != "pull-unit" || spec.BuildID != pj.Spec.BuildID || spec.ProwJobID != pj.Name ||
		!cmp.Equal(spec.Refs, *pj.Spec.Refs) || !cmp.Equal(spec.ExtraRefs, pj.Spec.ExtraRefs) {
		t.Errorf("JOB_SPEC = %s", env["JOB_SPEC"])
	}
}

func TestTheCloneStepIsToldWhatToMerge(t *testing.T) {
	pj := load(t, "pod-decorated")
	run, err := pipeline.Build(pj, options)
	if err != nil {
		t.Fatal(err)
	}
	c, env := container(t, run, "clone")
	var order git.Spec
	if err := json.Unmarshal([]byte(env[git.EnvClone]), &order); err != nil {
		t.Fatal(err)
	}
	want := git.Spec{Root: "/home/prow/go", Log: "/logs/clone.json", Refs: []v1alpha1.Refs{*pj.Spec.Refs, pj.Spec.ExtraRefs[0]}}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if c.Image != "pharos:test" || !cmp.Equal(c.Command, []string{"pharos"}) || !cmp.Equal(c.Args, []string{"clone", "--place", "/tools/pharos"}) || c.WorkingDir != "/" {
		t.Errorf("clone step runs %v %v of %s in %s", c.Command, c.Args, c.Image, c.WorkingDir)
	}
	if c.SecurityContext == nil || *c.SecurityContext.RunAsUser != 1000 {
		t.Errorf("clone step runs as %+v, want the test's user", c.SecurityContext)
	}
}

func TestJobsThatCannotRunAreRefused(t *testing.T) {
	pod := func(change func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
		pj := load(t, "pod-plain")
		change(pj)
		return pj
	}
	tekton := func(spec string) *v1alpha1.PipelineJob {
		pj := load(t, "tekton-ref")
		pj.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: []byte(spec)}
		return pj
	}
	for name, tc := range map[string]struct {
		job  *v1alpha1.PipelineJob
		want string
	}{
		"an unknown agent":           {pod(func(pj *v1alpha1.PipelineJob) { pj.Spec.Agent = "jenkins" }), `agent "jenkins" is not supported`},
		"no PodSpec":                 {pod(func(pj *v1alpha1.PipelineJob) { pj.Spec.PodSpec = nil }), "has no spec"},
		"a name too long for Tekton": {pod(func(pj *v1alpha1.PipelineJob) { pj.Name = strings.Repeat("x", 64) }), "no more than 63"},
		"two plain containers": {pod(func(pj *v1alpha1.PipelineJob) {
			pj.Spec.PodSpec.Containers = append(pj.Spec.PodSpec.Containers, corev1.Container{Image: "x"})
		}), "2 containers"},
		"an init container": {pod(func(pj *v1alpha1.PipelineJob) { pj.Spec.PodSpec.InitContainers = []corev1.Container{{Image: "x"}} }),
			"initContainers[0]: only sidecars"},
		"a container without image":    {pod(func(pj *v1alpha1.PipelineJob) { pj.Spec.PodSpec.Containers[0].Image = "" }), "missing field(s): spec.pipelineSpec.tasks[0].taskSpec.steps[0].Image"},
		"a pipeline spec that is none": {tekton(`[]`), "decode pipeline_run_spec"},
		"an empty pipeline spec":       {tekton(`{}`), "expected exactly one, got neither: spec.pipelineRef, spec.pipelineSpec"},
		"an unknown variable":          {tekton(`{"pipelineSpec":{"tasks":[{"name":"a","taskSpec":{"steps":[{"image":"i","script":"$(params.nope)"}]}}]}}`), "params.nope"},
		"a git reference without refs": {tekton(`{"pipelineSpec":{"tasks":[{"name":"a","taskRef":{"name":"PROW_IMPLICIT_GIT_REF"}}]}}`), `task "a": PROW_IMPLICIT_GIT_REF: the job has no refs`},
		"a git reference past the end": {tekton(`{"pipelineSpec":{"tasks":[{"name":"a","taskRef":{"name":"PROW_EXTRA_GIT_REF_3"}}]}}`), "the job has 0 extra_refs"},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := pipeline.Build(tc.job, options)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("run %v, error %v, want %q", run, err, tc.want)
			}
		})
	}
	if _, err := pipeline.Build(load(t, "pod-decorated"), pipeline.Options{}); err == nil {
		t.Error("a decorated job was built without an image to clone with")
	}
}

func TestFeatureFlagsDecideWhatTektonAccepts(t *testing.T) {
	pj := load(t, "tekton-ref")
	pj.Spec.PipelineRunSpec.Raw = []byte(`{"pipelineSpec":{"tasks":[{"name":"a","taskSpec":{"steps":[{"image":"i","stdoutConfig":{"path":"/x"}}]}}]}}`)
	if _, err := pipeline.Build(pj, pipeline.Options{}); err == nil {
		t.Error("an alpha field was accepted by default")
	}
	if _, err := pipeline.Build(pj, pipeline.Options{FeatureFlags: map[string]string{"enable-api-fields": "alpha"}}); err != nil {
		t.Errorf("an alpha field was refused although the cluster takes it: %v", err)
	}
}

func TestFieldsWithoutAPlaceInATaskAreNamed(t *testing.T) {
	want := []string{"hostPID", "terminationGracePeriodSeconds", "containers[0].livenessProbe"}
	if diff := cmp.Diff(want, pipeline.Unsupported(load(t, "pod-decorated"))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func FuzzTitlesArriveUnchanged(f *testing.F) {
	for _, s := range []string{"$(params.x)", "$$(a) $(b", "$", "$$$", "$(tasks.a.results.b)", "$(PHAROS_DOLLAR)", `"\u0024`} {
		f.Add(s)
	}
	data := job(f, "pod-decorated")
	f.Fuzz(func(t *testing.T, title string) {
		pj := &v1alpha1.PipelineJob{}
		if err := yaml.Unmarshal(data, pj); err != nil {
			t.Fatal(err)
		}
		pj.Spec.Refs.Pulls[0].Title = title
		run, err := pipeline.Build(pj, options)
		if err != nil {
			t.Fatal(err)
		}
		if _, env := container(t, run, "test"); env["PULL_TITLE"] != title && utf8.ValidString(title) {
			t.Errorf("title = %q, want %q", env["PULL_TITLE"], title)
		}
	})
}
