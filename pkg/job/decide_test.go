package job_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

var app = scm.Repo{Connection: "main", Org: "acme", Name: "app"}

func base(name string) job.Base {
	return job.Base{Name: name, Spec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "i"}}}}
}

func compile(t testing.TB, static job.Static, defaults job.Defaults) *job.Set {
	t.Helper()
	if defaults.Connection == "" {
		defaults.Connection = "main"
	}
	set, problems := job.Compile(static, defaults)
	for _, p := range problems {
		t.Fatalf("problem: %v", p)
	}
	return set
}

func presubmits(t testing.TB, jobs ...*job.Presubmit) []*job.Presubmit {
	t.Helper()
	return compile(t, job.Static{Presubmits: map[string][]*job.Presubmit{"acme/app": jobs}}, job.Defaults{}).Presubmits(app)
}

func postsubmits(t testing.TB, jobs ...*job.Postsubmit) []*job.Postsubmit {
	t.Helper()
	return compile(t, job.Static{Postsubmits: map[string][]*job.Postsubmit{"acme/app": jobs}}, job.Defaults{}).Postsubmits(app)
}

// usual is one job of every sort.
func usual(t testing.TB) []*job.Presubmit {
	return presubmits(t,
		&job.Presubmit{Base: base("always"), AlwaysRun: true},
		&job.Presubmit{Base: base("src"), ChangeMatcher: job.ChangeMatcher{RunIfChanged: `^src/`}},
		&job.Presubmit{Base: base("nodocs"), ChangeMatcher: job.ChangeMatcher{SkipIfOnlyChanged: `\.md$`}, Optional: true},
		&job.Presubmit{Base: base("manual")},
		&job.Presubmit{Base: base("extra"), Optional: true, Reporting: job.Reporting{Context: "ci/extra"}},
		&job.Presubmit{Base: base("release"), AlwaysRun: true, Brancher: job.Brancher{Branches: []string{`^release-`}}},
		&job.Presubmit{Base: base("custom"), Trigger: `(?m)^/go(?: now)?$`, RerunCommand: "/go"},
	)
}

func files(names ...string) func() ([]string, error) {
	return func() ([]string, error) { return names, nil }
}

func show(decisions []job.Decision) (run string, why map[string]string) {
	var names []string
	why = map[string]string{}
	for _, d := range decisions {
		if d.Run {
			names = append(names, d.Name)
		}
		why[d.Name] = d.Reason
	}
	return strings.Join(names, " "), why
}

func set(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func TestWhichPresubmitsRun(t *testing.T) {
	for name, tc := range map[string]struct {
		base    string
		ask     job.Ask
		changed []string
		want    string
	}{
		"a new head runs what needs no command":                {"main", job.Ask{Auto: true}, []string{"src/a.go"}, "always src nodocs"},
		"documents alone start less":                           {"main", job.Ask{Auto: true}, []string{"a.md"}, "always"},
		"no changed file starts no conditional job":            {"main", job.Ask{Auto: true}, nil, "always"},
		"one file beside documents is enough":                  {"main", job.Ask{Auto: true}, []string{"a.md", "x"}, "always nodocs"},
		"another base runs its own jobs too":                   {"release-1", job.Ask{Auto: true}, []string{"a.md"}, "always release"},
		"branches match anywhere unless anchored":              {"my-release-1", job.Ask{Auto: true}, []string{"a.md"}, "always"},
		"/test all is as a new head":                           {"main", job.Ask{Comment: "/test all"}, []string{"src/a.go"}, "always src nodocs"},
		"/ok-to-test too":                                      {"main", job.Ask{Comment: "/ok-to-test\r\n"}, []string{"src/a.go"}, "always src nodocs"},
		"/ok-to-test cancel starts nothing":                    {"main", job.Ask{Comment: "/ok-to-test cancel"}, []string{"src/a.go"}, ""},
		"/test names a job that needs no change then":          {"main", job.Ask{Comment: "/test src"}, []string{"a.md"}, "src"},
		"/test names several":                                  {"main", job.Ask{Comment: "hello\n/test src manual, extra\nbye"}, nil, "src manual extra"},
		"/test all with another job":                           {"main", job.Ask{Comment: "/test all manual"}, nil, "always manual"},
		"several commands add up":                              {"main", job.Ask{Comment: "/test manual\n/test extra"}, nil, "manual extra"},
		"/test does not override the branch":                   {"main", job.Ask{Comment: "/test release"}, nil, ""},
		"part of a name is no name":                            {"main", job.Ask{Comment: "/test man manual2 /manual"}, nil, ""},
		"a command begins its line":                            {"main", job.Ask{Comment: "please /test manual\n  /test manual"}, nil, ""},
		"/testing is no command":                               {"main", job.Ask{Comment: "/testing manual"}, nil, ""},
		"prefixed commands mean the same":                      {"main", job.Ask{Comment: "/lh-test manual\n/pharos-test extra"}, nil, "manual extra"},
		"a custom trigger starts its job":                      {"main", job.Ask{Comment: "/go now"}, nil, "custom"},
		"a prefixed custom trigger too":                        {"main", job.Ask{Comment: "/pharos-go"}, nil, "custom"},
		"a job with a custom trigger does not answer to /test": {"main", job.Ask{Comment: "/test custom"}, nil, ""},
		"/retest runs what failed":                             {"main", job.Ask{Comment: "/retest", Failed: set("ci/extra", "src"), Seen: set("ci/extra", "src", "always", "nodocs")}, []string{"a.md"}, "src extra"},
		"/retest runs what has no result yet":                  {"main", job.Ask{Comment: "/retest", Seen: set("always")}, []string{"src/a"}, "src nodocs"},
		"/retest of what has no result asks for its condition": {"main", job.Ask{Comment: "/retest"}, []string{"a.md"}, "always"},
		"/retest with a word is no command":                    {"main", job.Ask{Comment: "/retest all"}, nil, ""},
		"/retest-required leaves optional jobs out":            {"main", job.Ask{Comment: "/retest-required", Failed: set("ci/extra", "src"), Seen: set("ci/extra", "src", "always", "nodocs")}, nil, "src"},
		"/retest beside /retest-required wins":                 {"main", job.Ask{Comment: "/retest\n/retest-required", Failed: set("ci/extra"), Seen: set("ci/extra", "always", "src", "nodocs")}, nil, "extra"},
		"/test-manual-required runs manual required jobs":      {"main", job.Ask{Comment: "/test-manual-required"}, nil, "manual custom"},
		"/retest and /test all together":                       {"main", job.Ask{Comment: "/retest\n/test all", Failed: set("manual"), Seen: set("manual", "always")}, []string{"a.md"}, "always manual"},
		"a comment without a command":                          {"main", job.Ask{Comment: "nice"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := job.Presubmits(usual(t), tc.base, tc.ask, files(tc.changed...))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 7 {
				t.Errorf("%d of 7 jobs were considered", len(got))
			}
			if run, why := show(got); run != tc.want {
				t.Errorf("runs %q, want %q; reasons %v", run, tc.want, why)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	for name, tc := range map[string]struct {
		ask  job.Ask
		base string
		want map[string]string
	}{
		"a new head": {job.Ask{Auto: true}, "main", map[string]string{
			"always": "always_run", "src": "run_if_changed matched src/a.go", "nodocs": "skip_if_only_changed does not cover src/a.go",
			"manual": "needs /test manual", "extra": "needs /test extra", "release": "branch main is not in branches", "custom": "needs /go",
		}},
		"/retest": {job.Ask{Comment: "/retest", Failed: set("always"), Seen: set("always", "src", "manual")}, "main", map[string]string{
			"always": "always_run", "src": "did not fail before", "nodocs": "skip_if_only_changed does not cover src/a.go",
			"manual": "did not fail before", "extra": "needs /test extra", "release": "branch main is not in branches", "custom": "needs /go",
		}},
		"/test": {job.Ask{Comment: "/test src always"}, "release-1", map[string]string{
			"always": "asked for by /test always", "src": "asked for by /test src", "nodocs": "was not asked for",
			"manual": "needs /test manual", "extra": "needs /test extra", "release": "was not asked for", "custom": "needs /go",
		}},
		"/retest-required": {job.Ask{Comment: "/retest-required", Failed: set("ci/extra", "manual"), Seen: set("ci/extra", "manual")}, "main", map[string]string{
			"always": "always_run", "src": "run_if_changed matched src/a.go", "nodocs": "is optional, and only required jobs were asked for",
			"manual": "failed before", "extra": "is optional, and only required jobs were asked for", "release": "branch main is not in branches", "custom": "needs /go",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := job.Presubmits(usual(t), tc.base, tc.ask, files("src/a.go"))
			if err != nil {
				t.Fatal(err)
			}
			_, why := show(got)
			if diff := cmp.Diff(tc.want, why); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangedFilesAreAskedForAtMostOnceAndOnlyIfNeeded(t *testing.T) {
	asked := 0
	count := func() ([]string, error) { asked++; return []string{"x"}, nil }
	for _, step := range []struct {
		ask  job.Ask
		want int
	}{
		{job.Ask{Comment: "/test src nodocs manual"}, 0},
		{job.Ask{Comment: "/retest", Failed: set("src"), Seen: set("src", "nodocs")}, 0},
		{job.Ask{Auto: true}, 1},
	} {
		asked = 0
		if _, err := job.Presubmits(usual(t), "main", step.ask, count); err != nil {
			t.Fatal(err)
		}
		if asked != step.want {
			t.Errorf("%+v asked %d times, want %d", step.ask, asked, step.want)
		}
	}
}

func TestUnknownChangesAreNotGuessedForPullRequests(t *testing.T) {
	down := errors.New("down")
	if _, err := job.Presubmits(usual(t), "main", job.Ask{Auto: true}, func() ([]string, error) { return nil, down }); !errors.Is(err, down) {
		t.Errorf("the error is %v", err)
	}
	if _, err := job.Presubmits(usual(t), "main", job.Ask{Auto: true}, nil); !errors.Is(err, job.ErrChangesUnknown) {
		t.Errorf("the error is %v", err)
	}
	if d, err := job.Presubmits(nil, "main", job.Ask{Auto: true}, nil); err != nil || d != nil {
		t.Errorf("no jobs give %v, %v", d, err)
	}
}

func TestSkippedBranchesWin(t *testing.T) {
	jobs := presubmits(t, &job.Presubmit{Base: base("a"), AlwaysRun: true, Brancher: job.Brancher{Branches: []string{"main", "dev"}, SkipBranches: []string{"^dev"}}})
	for branch, want := range map[string]string{"main": "always_run", "dev": "branch dev is in skip_branches", "x": "branch x is not in branches", "xmainx": "always_run"} {
		got, err := job.Presubmits(jobs, branch, job.Ask{Auto: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Reason != want {
			t.Errorf("%s: %s, want %s", branch, got[0].Reason, want)
		}
	}
}

func TestWhichPostsubmitsRun(t *testing.T) {
	no := false
	jobs := func(t *testing.T) []*job.Postsubmit {
		return postsubmits(t,
			&job.Postsubmit{Base: base("every")},
			&job.Postsubmit{Base: base("main"), Brancher: job.Brancher{Branches: []string{"^main$"}}},
			&job.Postsubmit{Base: base("src"), ChangeMatcher: job.ChangeMatcher{RunIfChanged: "^src/"}},
			&job.Postsubmit{Base: base("never"), AlwaysRun: &no},
		)
	}
	down := errors.New("down")
	for name, tc := range map[string]struct {
		branch  string
		changed func() ([]string, error)
		want    string
		err     error
	}{
		"a push to main":                   {"main", files("src/a"), "every main src", nil},
		"a push to another branch":         {"dev", files("docs/a"), "every", nil},
		"a new branch counts as touched":   {"dev", nil, "every src", nil},
		"so does one that nobody can tell": {"dev", func() ([]string, error) { return nil, fmt.Errorf("x: %w", job.ErrChangesUnknown) }, "every src", nil},
		"a forge that is down is an error": {"dev", func() ([]string, error) { return nil, down }, "", down},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := job.Postsubmits(jobs(t), tc.branch, tc.changed)
			if !errors.Is(err, tc.err) {
				t.Fatalf("the error is %v", err)
			}
			if run, why := show(got); run != tc.want {
				t.Errorf("runs %q, want %q; reasons %v", run, tc.want, why)
			}
		})
	}
}

func TestJobsOfOtherAgentsAreExplainedAndNotRun(t *testing.T) {
	jobs, problems := job.Compile(job.Static{Presubmits: map[string][]*job.Presubmit{"acme/app": {{Base: job.Base{Name: "j", Agent: "jenkins"}, AlwaysRun: true}}}}, job.Defaults{Connection: "main"})
	if len(problems) != 0 { // pharos check names such jobs
		t.Errorf("problems: %v", problems)
	}
	got, err := job.Presubmits(jobs.Presubmits(app), "main", job.Ask{Auto: true}, nil)
	if err != nil || got[0].Run || got[0].Reason != "agent jenkins is not one that Pharos runs" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCommentsThatAskForTests(t *testing.T) {
	for comment, want := range map[string][2]bool{ // asks, names a job
		"/test all": {true, false}, "/test": {true, false}, "/test ?": {true, false}, "/test manual": {true, true}, "/retest": {true, false},
		"/retest-required": {true, false}, "/ok-to-test": {true, false}, "/lh-test x": {true, false}, "/test\tx": {true, false}, " /test all": {false, false}, "/go": {true, true}, "go": {false, false},
		"/gone": {false, false}, "test": {false, false}, "": {false, false}, "thanks\r\n/test manual\r\n": {true, true},
	} {
		if got := [2]bool{job.Asks(usual(t), comment), job.Triggered(usual(t), comment)}; got != want {
			t.Errorf("%q: %v, want %v", comment, got, want)
		}
	}
}

func TestHelpTargets(t *testing.T) {
	required, optional := job.HelpTargets(usual(t), "main")
	if diff := cmp.Diff([]string{"/go", "/test always", "/test manual", "/test src"}, required); diff != "" {
		t.Errorf("required (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/test extra", "/test nodocs"}, optional); diff != "" {
		t.Errorf("optional (-want +got):\n%s", diff)
	}
}

// FuzzTrigger compares the quick matcher of "/test NAME" with the expression that Prow documents for it.
func FuzzTrigger(f *testing.F) {
	for _, seed := range []string{"/test unit", "/test a unit, b", "/test  unit", "x /test unit", "/test unit2", "/test\tunit", "/lh-test unit", "/test unit\r\n", "/test all\n/test unit", "/retest", "/test unit,b", "/test /unit"} {
		f.Add(seed)
	}
	quick := presubmits(f, &job.Presubmit{Base: base("unit")})
	slow := presubmits(f, &job.Presubmit{Base: base("unit"), Trigger: `(?m)^/test( | .* )unit,?($|\s.*)`, RerunCommand: "/test unit"})
	f.Fuzz(func(t *testing.T, comment string) {
		if strings.ContainsAny(comment, "\r\t\v\f,") {
			comment = strings.NewReplacer("\r", "", "\t", " ", "\v", "", "\f", "", ",", "").Replace(comment)
		}
		if a, b := job.Triggered(quick, comment), job.Triggered(slow, comment); a != b {
			t.Errorf("%q: matcher %v, expression %v", comment, a, b)
		}
	})
}

func BenchmarkPresubmits(b *testing.B) {
	jobs := make([]*job.Presubmit, 400)
	for i := range jobs {
		jobs[i] = &job.Presubmit{Base: base(fmt.Sprintf("job-%d", i)), ChangeMatcher: job.ChangeMatcher{RunIfChanged: fmt.Sprintf("^dir%d/", i)}, Brancher: job.Brancher{SkipBranches: []string{`release-\d+`}}}
	}
	jobs = presubmits(b, jobs...)
	changed := files("dir7/a.go", "dir8/b.go", "README.md")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := job.Presubmits(jobs, "main", job.Ask{Auto: true}, changed); err != nil {
			b.Fatal(err)
		}
	}
}
