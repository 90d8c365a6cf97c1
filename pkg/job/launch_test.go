package job_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
)

func cause() job.Cause {
	return job.Cause{
		Delivery: "d1", Type: v1alpha1.Presubmit, Connection: "main",
		Refs: v1alpha1.Refs{Org: "acme", Repo: "app", BaseRef: "main", BaseSHA: "b1", CloneURI: "https://git/acme/app",
			Pulls: []v1alpha1.Pull{{Number: 7, Author: "ann", SHA: "h1"}}},
	}
}

// decision compiles one presubmit and decides for it.
func decision(t *testing.T, p *job.Presubmit) job.Decision {
	t.Helper()
	p.AlwaysRun = true
	got, err := job.Presubmits(presubmits(t, p), "main", job.Ask{Auto: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func TestARunCarriesEverythingOfItsJob(t *testing.T) {
	yes := true
	b := base("e2e")
	b.Agent = job.AgentTekton
	b.Spec = nil
	b.PipelineRunSpec = &pipelinev1.PipelineRunSpec{PipelineRef: &pipelinev1.PipelineRef{Name: "p"}}
	b.Decorate = &yes
	b.DecorationConfig = &job.DecorationConfig{Timeout: &job.Duration{Duration: time.Minute}}
	b.MaxConcurrency = 3
	b.Namespace = "there"
	b.Labels = map[string]string{"team": "x"}
	b.Annotations = map[string]string{"note": "y"}
	b.Checkout = job.Checkout{PathAlias: "go.acme/app", CloneURI: "ssh://git/acme/app", CloneDepth: 2, SkipSubmodules: true, SkipFetchHead: true}
	b.ExtraRefs = []job.ExtraRef{{Refs: v1alpha1.Refs{Org: "acme", Repo: "tools", BaseRef: "main"}}}
	got := job.New(decision(t, &job.Presubmit{Base: b, Optional: true, Reporting: job.Reporting{Context: "ci/e2e"}}), cause(), "19")

	name := got.Name
	if !strings.HasPrefix(name, "e2e-") || len(validation.IsDNS1123Label(name)) > 0 {
		t.Errorf("name %q", name)
	}
	refs := cause().Refs
	refs.PathAlias, refs.CloneURI, refs.CloneDepth, refs.SkipSubmodules, refs.SkipFetchHead = "go.acme/app", "ssh://git/acme/app", 2, true, true
	want := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				"team": "x", "pharos-ci.dev/managed": "true",
				"pharos-ci.dev/job": "e2e", "pharos-ci.dev/type": "presubmit", "pharos-ci.dev/org": "acme", "pharos-ci.dev/repo": "app",
				"pharos-ci.dev/pull": "7", "pharos-ci.dev/build-id": "19",
				"prow.k8s.io/job": "e2e", "prow.k8s.io/type": "presubmit", "prow.k8s.io/refs.org": "acme", "prow.k8s.io/refs.repo": "app",
				"prow.k8s.io/refs.pull": "7", "prow.k8s.io/build-id": "19", "prow.k8s.io/context": "ci-e2e", "prow.k8s.io/id": name,
			},
			Annotations: map[string]string{"note": "y", "prow.k8s.io/job": "e2e", "prow.k8s.io/context": "ci/e2e"},
		},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "e2e", BuildID: "19", Connection: "main", Delivery: "d1", Agent: v1alpha1.AgentTekton,
			Refs: &refs, ExtraRefs: []v1alpha1.Refs{{Org: "acme", Repo: "tools", BaseRef: "main"}},
			Context: "ci/e2e", RerunCommand: "/test e2e", Optional: true, Report: true, MaxConcurrency: 3,
			Timeout: &metav1.Duration{Duration: time.Minute}, Decorate: true, Namespace: "there",
			DecorationConfig: &v1alpha1.Decoration{
				Timeout: metav1.Duration{Duration: time.Minute}, GracePeriod: metav1.Duration{Duration: job.DefaultGracePeriod},
			},
			PipelineRunSpec: &runtime.RawExtension{Raw: []byte(`{"pipelineRef":{"name":"p"},"taskRunTemplate":{}}`)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}

func TestARunSharesNothingWithTheConfiguration(t *testing.T) {
	b := base("a")
	b.Labels = map[string]string{"x": "y"}
	d := decision(t, &job.Presubmit{Base: b})
	first := job.New(d, cause(), "1")
	first.Spec.PodSpec.Containers[0].Image = "changed"
	first.Labels["x"] = "changed"
	first.Spec.Refs.Pulls[0].SHA = "changed"
	second := job.New(d, cause(), "1")
	if second.Spec.PodSpec.Containers[0].Image != "i" || second.Labels["x"] != "y" || second.Spec.Refs.Pulls[0].SHA != "h1" {
		t.Errorf("a changed run changed the next one: %+v", second)
	}
}

func TestNamesFollowFromTheCause(t *testing.T) {
	d := decision(t, &job.Presubmit{Base: base("a")})
	name := func(d job.Decision, change func(*job.Cause)) string {
		c := cause()
		change(&c)
		return job.New(d, c, "1").Name
	}
	same := name(d, func(*job.Cause) {})
	for what, change := range map[string]func(*job.Cause){
		"the base moved between two tries": func(c *job.Cause) { c.Refs.BaseSHA = "b2" },
		"the title changed":                func(c *job.Cause) { c.Refs.Pulls[0].Title = "new" },
	} {
		if got := name(d, change); got != same {
			t.Errorf("%s: %s is not %s", what, got, same)
		}
	}
	seen := map[string]string{same: "the first run"}
	for what, change := range map[string]func(*job.Cause){
		"another delivery":     func(c *job.Cause) { c.Delivery = "d2" },
		"another attempt":      func(c *job.Cause) { c.Attempt = 1 },
		"another type":         func(c *job.Cause) { c.Type = v1alpha1.Batch },
		"another connection":   func(c *job.Cause) { c.Connection = "hub" },
		"another repository":   func(c *job.Cause) { c.Refs.Repo = "web" },
		"another branch":       func(c *job.Cause) { c.Refs.BaseRef = "dev" },
		"another head":         func(c *job.Cause) { c.Refs.Pulls[0].SHA = "h2" },
		"another pull request": func(c *job.Cause) { c.Refs.Pulls[0].Number = 8 },
		"a second one":         func(c *job.Cause) { c.Refs.Pulls = append(c.Refs.Pulls, v1alpha1.Pull{Number: 8, SHA: "h8"}) },
		"a push":               func(c *job.Cause) { c.Refs.Pulls = nil },
		"a push of another commit": func(c *job.Cause) {
			c.Refs.Pulls, c.Refs.BaseSHA = nil, "b2"
		},
	} {
		got := name(d, change)
		if before := seen[got]; before != "" {
			t.Errorf("%s has the name of %s", what, before)
		}
		seen[got] = what
	}
	if got := name(decision(t, &job.Presubmit{Base: base("b")}), func(*job.Cause) {}); seen[got] != "" {
		t.Error("another job has the same name")
	}
	for _, odd := range []string{"Upper_Case.x", "---", strings.Repeat("x", 200), "a." + strings.Repeat("-", 40)} {
		if got := name(decision(t, &job.Presubmit{Base: base(odd)}), func(*job.Cause) {}); len(validation.IsDNS1123Label(got)) > 0 {
			t.Errorf("job %s gives name %s", odd, got)
		}
	}
}

func TestLabelsFitWhateverTheValues(t *testing.T) {
	c := cause()
	c.Refs.Org = "group/" + strings.Repeat("sub", 30) + "/.-"
	c.Refs.Repo = "-ümlaut-"
	got := job.New(decision(t, &job.Presubmit{Base: base("a"), Reporting: job.Reporting{Context: "ci/unit test"}}), c, "1")
	for key, value := range got.Labels {
		if why := validation.IsValidLabelValue(value); len(why) > 0 {
			t.Errorf("%s: %q: %v", key, value, why)
		}
	}
	if got.Annotations[v1alpha1.AnnotationContext] != "ci/unit test" || got.Spec.Refs.Org != c.Refs.Org {
		t.Error("the true values must stay")
	}
}

func TestPostsubmitsReportUnlessToldNotTo(t *testing.T) {
	jobs := postsubmits(t, &job.Postsubmit{Base: base("loud")}, &job.Postsubmit{Base: base("quiet"), Reporting: job.Reporting{SkipReport: true}})
	got, err := job.Postsubmits(jobs, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		pj := job.New(got[i], cause(), "1")
		if pj.Spec.Report != want || pj.Spec.RerunCommand != "" || pj.Spec.PodSpec == nil || pj.Spec.Agent != v1alpha1.AgentKubernetes {
			t.Errorf("%s: %+v", pj.Spec.Job, pj.Spec)
		}
	}
}

func TestBuildIDsSortAndAreUnique(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	ids := job.NewBuildIDs(func() time.Time { return now })
	last := ""
	for i := range 10_000 {
		if i == 5_000 {
			now = now.Add(-time.Hour)
		}
		id := ids.Next()
		if id <= last || len(id) != 19 {
			t.Fatalf("%q after %q", id, last)
		}
		last = id
	}
	now = now.Add(2 * time.Hour)
	if id := ids.Next(); id <= last {
		t.Errorf("%q after %q", id, last)
	}

	var mu sync.Mutex
	var group sync.WaitGroup
	seen := map[string]bool{}
	for range 8 {
		group.Go(func() {
			for range 100 {
				id := ids.Next()
				mu.Lock()
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(seen) != 800 {
		t.Errorf("%d of 800 ids are different", len(seen))
	}
}

func TestPodSpecsGetWhatTheirPresetsHold(t *testing.T) {
	b := base("a")
	b.Labels = map[string]string{"cache": "true", "other": "x"}
	tekton := job.Base{Name: "t", Agent: job.AgentTekton, Labels: b.Labels, PipelineRunSpec: &pipelinev1.PipelineRunSpec{PipelineRef: &pipelinev1.PipelineRef{Name: "p"}}}
	jobs := compile(t, job.Static{
		Presets: []*job.Preset{
			{Labels: map[string]string{"cache": "true"}, Env: []corev1.EnvVar{{Name: "CACHE", Value: "1"}}, Volumes: []corev1.Volume{{Name: "c"}},
				VolumeMounts: []corev1.VolumeMount{{Name: "c", MountPath: "/c"}}, Tolerations: []corev1.Toleration{{Key: "k"}}},
			{Labels: map[string]string{"cache": "true", "missing": "x"}, Env: []corev1.EnvVar{{Name: "NO"}}},
			{Env: []corev1.EnvVar{{Name: "ALL"}}},
		},
		Presubmits: map[string][]*job.Presubmit{"acme/app": {{Base: b}, {Base: tekton}}},
	}, job.Defaults{}).Presubmits(app)
	want := corev1.PodSpec{
		Containers: []corev1.Container{{Image: "i", Env: []corev1.EnvVar{{Name: "CACHE", Value: "1"}, {Name: "ALL"}},
			VolumeMounts: []corev1.VolumeMount{{Name: "c", MountPath: "/c"}}}},
		Volumes:     []corev1.Volume{{Name: "c"}},
		Tolerations: []corev1.Toleration{{Key: "k"}},
	}
	if diff := cmp.Diff(want, *jobs[0].Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

func TestTimeoutsAndDecorationAreResolved(t *testing.T) {
	yes, no := true, false
	hours := func(n int) *job.Duration { return &job.Duration{Duration: time.Duration(n) * time.Hour} }
	container := corev1.PodSpec{Containers: []corev1.Container{{Image: "i", Args: []string{"x"}}}}
	defaults := job.Defaults{
		Timeout: 10 * time.Hour,
		Decoration: []job.DecorationEntry{
			{Repo: "*", Config: &job.DecorationConfig{Timeout: hours(3), GracePeriod: hours(1), UtilityImages: &job.UtilityImages{Sidecar: "s", Entrypoint: "e"}}},
			{Repo: "acme", Cluster: "big", Config: &job.DecorationConfig{Timeout: hours(4), UtilityImages: &job.UtilityImages{Sidecar: "s2"}}},
			{Repo: "acme/web", Config: &job.DecorationConfig{Timeout: hours(5)}},
		},
	}
	for name, tc := range map[string]struct {
		base     job.Base
		defaults job.Defaults
		timeout  time.Duration
		decorate bool
	}{
		"nothing said":                            {job.Base{}, job.Defaults{}, 24 * time.Hour, false},
		"a default for all":                       {job.Base{}, defaults, 10 * time.Hour, false},
		"decorated without a default":             {job.Base{Decorate: &yes}, job.Defaults{}, 2 * time.Hour, true},
		"decorated by default":                    {job.Base{}, job.Defaults{DecorateAll: true}, 2 * time.Hour, true},
		"refusing the default":                    {job.Base{Decorate: &no}, job.Defaults{DecorateAll: true}, 24 * time.Hour, false},
		"the default decoration":                  {job.Base{Decorate: &yes}, defaults, 3 * time.Hour, true},
		"a later entry for the cluster wins":      {job.Base{Decorate: &yes, Cluster: "big"}, defaults, 4 * time.Hour, true},
		"the job's own word wins":                 {job.Base{Decorate: &yes, DecorationConfig: &job.DecorationConfig{Timeout: hours(1)}}, defaults, time.Hour, true},
		"its word counts only if it is decorated": {job.Base{DecorationConfig: &job.DecorationConfig{Timeout: hours(1)}}, defaults, 10 * time.Hour, false},
		"skip_cloning leaves the rest in place":   {job.Base{Decorate: &yes, DecorationConfig: &job.DecorationConfig{SkipCloning: &yes}}, defaults, 3 * time.Hour, true},
		"a Tekton spec's own timeout": {job.Base{Decorate: &yes, Agent: job.AgentTekton, PipelineRunSpec: &pipelinev1.PipelineRunSpec{
			PipelineRef: &pipelinev1.PipelineRef{Name: "p"}, Timeouts: &pipelinev1.TimeoutFields{Pipeline: &metav1.Duration{Duration: time.Minute}}}}, defaults, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			tc.base.Name = "a"
			if tc.base.PipelineRunSpec == nil {
				tc.base.Spec = container.DeepCopy()
			}
			set := compile(t, job.Static{Presubmits: map[string][]*job.Presubmit{"acme/app": {{Base: tc.base, AlwaysRun: true}}}}, tc.defaults)
			got, err := job.Presubmits(set.Presubmits(app), "main", job.Ask{Auto: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			pj := job.New(got[0], cause(), "1")
			if pj.Spec.Timeout.Duration != tc.timeout || pj.Spec.Decorate != tc.decorate {
				t.Errorf("timeout %v, decorate %v; want %v, %v", pj.Spec.Timeout.Duration, pj.Spec.Decorate, tc.timeout, tc.decorate)
			}
		})
	}
	merged := (&job.DecorationConfig{UtilityImages: &job.UtilityImages{Sidecar: "mine"}}).Over(defaults.Decoration[0].Config)
	if merged.UtilityImages.Sidecar != "mine" || merged.UtilityImages.Entrypoint != "e" || merged.GracePeriod.Duration != time.Hour {
		t.Errorf("merged %+v", merged.UtilityImages)
	}
	if defaults.Decoration[0].Config.UtilityImages.Sidecar != "s" {
		t.Error("merging changed the default")
	}
}

func TestLookingARepositoryUpAllocatesNothing(t *testing.T) {
	set := compile(t, job.Static{Presubmits: map[string][]*job.Presubmit{"acme/app": {{Base: base("a")}}, "hub:acme/app": {{Base: base("b")}}}}, job.Defaults{})
	hub := app
	hub.Connection = "hub"
	if got := set.Presubmits(hub)[0].Name; got != "b" {
		t.Errorf("job %s on the other connection", got)
	}
	if n := testing.AllocsPerRun(100, func() { set.Presubmits(app); set.Postsubmits(app) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
