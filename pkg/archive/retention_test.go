package archive_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/archive"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const day = 24 * time.Hour

func nothingLive(context.Context) (func(string) bool, error) {
	return func(string) bool { return false }, nil
}

func retention(s storage.Store, policy archive.Policy) *archive.Retention {
	return &archive.Retention{Store: s, Layout: layout, Policy: func() archive.Policy { return policy }, Live: nothingLive}
}

// later is a time at which all that tests write is old: files have the time of the test.
func later() time.Time { return time.Now().Add(1000 * day) }

func expired(t *testing.T, r *archive.Retention, now time.Time) []string {
	t.Helper()
	var out []string
	for _, e := range collect(t, r.Expired(t.Context(), now)) {
		out = append(out, e.BuildID)
	}
	slices.Sort(out)
	return out
}

// builds are one a day, the last one a day ago.
func builds(now time.Time, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		at := now.Add(-time.Duration(n-i) * day)
		ids[i] = job.NewBuildIDs(func() time.Time { return at }).Next()
	}
	return ids
}

func TestThePolicyDecides(t *testing.T) {
	now := later()
	ids := builds(now, 10)
	s := open(t)
	for i, id := range ids {
		// Even builds are nightly runs, odd ones test two pull requests of web in turn, but the fifth one api.
		switch {
		case i%2 == 0:
			store(t, s, layout, presubmit(id, periodic, func(pj *v1alpha1.PipelineJob) {
				pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: []string{"web", "api"}[i/2%2]}}
			}))
		case i == 5:
			store(t, s, layout, presubmit(id, of("api")))
		default:
			store(t, s, layout, presubmit(id, func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].Number = 7 + i/2%2 }))
		}
	}
	store(t, s, layout, presubmit("5", named("old-prow")))
	store(t, s, layout, presubmit("6", named("old-prow")))
	for name, tc := range map[string]struct {
		policy archive.Policy
		want   []string
	}{
		"nothing is removed without one":             {archive.Policy{}, nil},
		"an age":                                     {archive.Policy{Default: archive.Keep{Age: 6*day + day/2}}, append(slices.Clone(ids[:4]), "5", "6")},
		"a count, over pull requests":                {archive.Policy{Default: archive.Keep{Count: 3}}, []string{ids[0], ids[1], ids[2]}},
		"a count of builds that tell no time":        {archive.Policy{Rules: []archive.Rule{{Job: "old-*", Keep: archive.Keep{Count: 1}}}}, []string{"5"}},
		"a job's own":                                {archive.Policy{Rules: []archive.Rule{{Job: "nightly", Keep: archive.Keep{Count: 2}}}}, []string{ids[0], ids[2], ids[4]}},
		"the first rule that applies":                {archive.Policy{Rules: []archive.Rule{{Job: "night*"}, {Keep: archive.Keep{Count: 1}}}}, []string{ids[1], ids[3], ids[7], "5"}},
		"a repository's own, by the path and inside": {archive.Policy{Rules: []archive.Rule{{Repo: "acme/api", Keep: archive.Keep{Age: 3 * day / 2}}}}, []string{ids[2], ids[5], ids[6]}},
		"a repository's exception":                   {archive.Policy{Default: archive.Keep{Age: 5*day + day/2}, Rules: []archive.Rule{{Repo: "acme/web"}}}, []string{ids[2]}},
		"another connection's":                       {archive.Policy{Rules: []archive.Rule{{Connection: "lab", Keep: archive.Keep{Count: 1}}}}, nil},
		"a pattern that is none":                     {archive.Policy{Rules: []archive.Rule{{Job: "[", Keep: archive.Keep{Count: 1}}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			want := slices.Sorted(slices.Values(tc.want))
			if diff := cmp.Diff(want, expired(t, retention(s, tc.policy), now)); diff != "" {
				t.Errorf("expired (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLiveAndYoungRunsStay(t *testing.T) {
	s := open(t)
	old, live := store(t, s, layout, presubmit("11")), store(t, s, layout, presubmit("12"))
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	pj := presubmit("12", func(pj *v1alpha1.PipelineJob) { pj.Status.State = v1alpha1.StatePending })
	done := presubmit("11", func(pj *v1alpha1.PipelineJob) { pj.Status.Log.Archived = true })
	cluster := fake.NewClientBuilder().WithScheme(scheme).WithObjects(pj, done).Build()
	r := retention(s, archive.Policy{Default: archive.Keep{Age: day}})
	r.Live = func(ctx context.Context) (func(string) bool, error) { return archive.Live(ctx, cluster, "ci", layout) }
	if err := r.Sweep(t.Context(), time.Now().Add(day/2)); err != nil {
		t.Fatal(err)
	}
	if len(keys(t, s, old)) == 0 {
		t.Error("a run that was written to today is gone")
	}
	if err := r.Sweep(t.Context(), later()); err != nil {
		t.Fatal(err)
	}
	if left := keys(t, s, old+"/"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if len(keys(t, s, live+"/")) == 0 {
		t.Error("a live run is gone")
	}
	failure := errors.New("no answer")
	r.Live = func(context.Context) (func(string) bool, error) { return nil, failure }
	if err := r.Sweep(t.Context(), later()); !errors.Is(err, failure) {
		t.Errorf("sweep: %v, want %v", err, failure)
	}
}

func TestARemovedRunLeavesNothingThatLeadsToIt(t *testing.T) {
	s, now := open(t), later()
	ids := builds(now, 3)
	for _, id := range ids {
		store(t, s, layout, presubmit(id))
	}
	store(t, s, layout, presubmit(ids[2], named("e2e")))
	if err := retention(s, archive.Policy{Rules: []archive.Rule{{Job: "unit", Keep: archive.Keep{Age: 3 * day / 2}}}}).Sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pr-logs/directory/unit/" + ids[2] + ".txt", "pr-logs/directory/unit/latest-build.txt",
	}
	if diff := cmp.Diff(want, keys(t, s, "pr-logs/directory/unit/")); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
	if err := retention(s, archive.Policy{Default: archive.Keep{Age: 1}}).Sweep(t.Context(), now.Add(100*day)); err != nil {
		t.Fatal(err)
	}
	if left := keys(t, s, ""); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// crash refuses every change behind the n-th.
type crash struct {
	storage.Store
	mu sync.Mutex
	n  int
}

var errCrash = errors.New("crash")

func (c *crash) use() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n < 0 {
		return errCrash
	}
	return nil
}

func (c *crash) Delete(ctx context.Context, key string) error {
	if err := c.use(); err != nil {
		return err
	}
	return c.Store.Delete(ctx, key)
}

func TestARemovalThatIsInterruptedAnywhereIsFinishedByTheNextPass(t *testing.T) {
	for n := 0; ; n++ {
		s := open(t)
		folder := store(t, s, layout, presubmit("11"))
		whole := len(keys(t, s, folder+"/"))
		policy := archive.Policy{Default: archive.Keep{Age: day}}
		err := retention(&crash{Store: s, n: n}, policy).Sweep(t.Context(), later())
		left := strings.Join(keys(t, s, folder+"/"), " ")
		if complete := strings.Contains(left, "finished.json"); complete && len(strings.Fields(left)) < whole {
			t.Errorf("after %d changes a part looks complete: %s", n, left)
		}
		if err == nil {
			if n < whole {
				t.Errorf("a run of %d files is gone after %d changes", whole, n)
			}
			return
		}
		if !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		if _, err := archive.Load(t.Context(), s, layout, locate(t, layout, folder)); n > 0 && !errors.Is(err, archive.ErrNoRecord) {
			t.Errorf("after %d changes the run can still be loaded: %v", n, err)
		}
		if err := retention(s, policy).Sweep(t.Context(), later()); err != nil {
			t.Fatal(err)
		}
		if left := keys(t, s, ""); len(left) > 0 {
			t.Errorf("after %d changes and another pass: %v", n, left)
		}
	}
}

func TestRetentionEndsWithItsContext(t *testing.T) {
	s := open(t)
	store(t, s, layout, presubmit("11"))
	r := retention(s, archive.Policy{Default: archive.Keep{Age: day}})
	r.Every = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	r.Live = func(context.Context) (func(string) bool, error) {
		cancel()
		return nil, fmt.Errorf("over: %w", ctx.Err())
	}
	if err := r.Start(ctx); err != nil {
		t.Error(err)
	}
	if !r.NeedLeaderElection() {
		t.Error("every replica removes runs")
	}
}
