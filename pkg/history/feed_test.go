package history_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// cluster is a real informer on a client in memory.
type cluster struct {
	client.WithWatch
	informer toolscache.SharedIndexInformer
	watching chan struct{} // closed when changes will be seen
}

func (c *cluster) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	return c.informer, nil
}

// source lists and watches as the API server does, but for streamed lists.
type source struct{ *toolscache.ListWatch }

func (source) IsWatchListSemanticsUnSupported() bool { return true }

func newCluster(t *testing.T, objects ...client.Object) *cluster {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c := &cluster{WithWatch: fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), watching: make(chan struct{})}
	watching := sync.OnceFunc(func() { close(c.watching) })
	c.informer = toolscache.NewSharedIndexInformer(source{&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
			list := &v1alpha1.PipelineJobList{}
			return list, c.List(ctx, list)
		},
		WatchFuncWithContext: func(ctx context.Context, _ metav1.ListOptions) (watch.Interface, error) {
			defer watching() // what happens between list and watch is lost: the client keeps no history of changes
			return c.Watch(ctx, &v1alpha1.PipelineJobList{})
		},
	}}, &v1alpha1.PipelineJob{}, 0, nil)
	return c
}

// live is a run without resource version, as an API server wants a new one.
func live(name string, at time.Time, edit ...func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
	return run(name, at, append(edit, func(pj *v1alpha1.PipelineJob) { pj.ResourceVersion = "" })...)
}

func pending(pj *v1alpha1.PipelineJob) { pj.Status.State = v1alpha1.StatePending }

var layout = logs.Layout{DefaultConnection: "hub"}

func bucket(t *testing.T) *storage.FileStore {
	t.Helper()
	s, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put2(t *testing.T, s storage.Store, key string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), key, strings.NewReader(string(text)), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// archived writes the records of a run; without finished.json when it has not ended.
func archived(t *testing.T, s storage.Store, pj *v1alpha1.PipelineJob) string {
	t.Helper()
	folder := layout.Run(pj)
	put2(t, s, folder+"/pipelinejob.json", pj)
	if pj.Status.State.Terminal() {
		put2(t, s, folder+"/finished.json", logs.Finished{Timestamp: start.Unix(), Result: "SUCCESS", Passed: true})
	}
	return folder
}

// until reads changes until one is as wanted.
func until(t *testing.T, changes <-chan history.Change, want string, is func(history.Change) bool) {
	t.Helper()
	for change := range changes {
		if is(change) {
			return
		}
	}
	t.Fatalf("no news of %s", want)
}

func follow(t *testing.T, f *history.Feed) <-chan history.Change {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	changes := f.Store.Subscribe(ctx)
	done := make(chan error, 2)
	c := f.Cluster.(*cluster)
	go func() { c.informer.RunWithContext(ctx); done <- nil }()
	go func() { done <- f.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, <-done); err != nil {
			t.Error(err)
		}
	})
	<-c.watching
	return changes
}

func state(t *testing.T, s *history.Store, name string) string {
	t.Helper()
	pj, err := s.Get(t.Context(), name, history.Everything)
	if errors.Is(err, history.ErrNotExist) {
		return "gone"
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %q", pj.Status.State, pj.Status.Description)
}

func TestTheFeedFollowsTheCluster(t *testing.T) {
	c := newCluster(t, live("old", start, pending), live("doomed", start.Add(time.Minute), pending),
		live("elsewhere", start, func(pj *v1alpha1.PipelineJob) { pj.Namespace = "other" }))
	f := &history.Feed{Store: open(t), Cluster: c, Namespace: "ci", Objects: bucket(t), Layout: layout, Every: time.Hour}
	changes := follow(t, f)
	until(t, changes, "doomed", func(c history.Change) bool { return c.Run.Name == "doomed" || c.Run.Name == "old" })
	until(t, changes, "old", func(c history.Change) bool { return c.Run.Name == "doomed" || c.Run.Name == "old" })
	pj := live("old", start)
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(pj), pj); err != nil {
		t.Fatal(err)
	}
	pj.Status.State, pj.Status.Description = v1alpha1.StateFailure, "it broke"
	if err := c.Update(t.Context(), pj); err != nil {
		t.Fatal(err)
	}
	until(t, changes, "the end of old", func(c history.Change) bool { return c.Run.Status.State == v1alpha1.StateFailure })
	if err := c.Delete(t.Context(), live("doomed", start)); err != nil {
		t.Fatal(err)
	}
	until(t, changes, "the end of doomed", func(c history.Change) bool { return c.Run.Status.State == v1alpha1.StateAborted })
	if err := c.Create(t.Context(), live("new", start.Add(time.Hour), pending)); err != nil {
		t.Fatal(err)
	}
	until(t, changes, "new", func(c history.Change) bool { return c.Run.Name == "new" && !c.Gone })
	for name, want := range map[string]string{
		"old": `failure "it broke"`, "doomed": `aborted "its object was deleted while it ran"`, "new": `pending ""`, "elsewhere": "gone",
	} {
		if got := state(t, f.Store, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got, err := f.Store.At(t.Context(), layout.Run(live("old", start)), history.Everything); err != nil || got.Name != "old" {
		t.Errorf("the run at its folder: %v, %v", got, err)
	}
	if f.NeedLeaderElection() {
		t.Error("only the leader has a history")
	}
}

func TestWithoutABucketRunsGoWithTheirObjects(t *testing.T) {
	c := newCluster(t, live("a", start), live("b", start))
	s := open(t)
	put(t, s, run("of an earlier time", start))
	f := &history.Feed{Store: s, Cluster: c, Namespace: "ci", Every: time.Hour}
	changes := follow(t, f)
	until(t, changes, "the end of what was", func(c history.Change) bool { return c.Gone && c.Run.Name == "of an earlier time" })
	if err := c.Delete(t.Context(), live("a", start)); err != nil {
		t.Fatal(err)
	}
	until(t, changes, "the end of a", func(c history.Change) bool { return c.Gone && c.Run.Name == "a" })
}

// counting counts what is read, and fails on demand.
type counting struct {
	storage.Store
	gets atomic.Int32
	fail string
}

var errStore = errors.New("the store is down")

func (c *counting) Get(ctx context.Context, key string, rng storage.Range) (*storage.Object, error) {
	c.gets.Add(1)
	if c.fail != "" && strings.Contains(key, c.fail) {
		return nil, errStore
	}
	return c.Store.Get(ctx, key, rng)
}

func TestTheHistoryIsReadFromTheBucketOnce(t *testing.T) {
	objects := &counting{Store: bucket(t)}
	var folders, want []string
	for i := range 12 {
		name := fmt.Sprintf("run-%02d", i)
		folders = append(folders, archived(t, objects, run(name, start.Add(time.Duration(i)*time.Hour))))
		want = append(want, name)
	}
	archived(t, objects, run("lost", start.Add(-time.Hour), pending))
	archived(t, objects, run("young", time.Now(), pending))
	put2(t, objects, "logs/odd/1/prowjob.json", 7)
	want = append([]string{"lost"}, append(want, "young")...)
	slices.Reverse(want)
	f := &history.Feed{Store: open(t), Cluster: newCluster(t), Namespace: "ci", Objects: objects, Layout: layout}
	if err := f.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, all(t, f.Store, history.Filter{}, history.Everything, 100)); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if done, total, running := f.Rebuilding(); done != 15 || total != 15 || running {
		t.Errorf("progress %d of %d, %v", done, total, running)
	}
	for name, want := range map[string]string{"lost": `error "its end was not recorded"`, "young": `pending ""`, "run-00": `success ""`} {
		if got := state(t, f.Store, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	objects.gets.Store(0)
	changes := f.Store.Subscribe(t.Context())
	if err := f.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := objects.gets.Load(); n > 10 { // of the three that are not archived
		t.Errorf("%d objects were read again", n)
	}
	if len(changes) > 0 {
		t.Errorf("news of a pass that found nothing: %+v", <-changes)
	}
	for entry, err := range objects.List(t.Context(), folders[3]+"/") {
		if err != nil {
			t.Fatal(err)
		}
		if err := objects.Delete(t.Context(), entry.Key); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := state(t, f.Store, "run-03"); got != "gone" {
		t.Errorf("a removed run is %s", got)
	}
	if n := f.Store.Len(); n != len(want)-1 {
		t.Errorf("%d runs are left, want %d", n, len(want)-1)
	}
}

func TestAPassThatFailsKeepsWhatIsThereAndIsTakenUp(t *testing.T) {
	objects := &counting{Store: bucket(t), fail: "lint"}
	for i, name := range []string{"unit", "lint", "e2e"} {
		archived(t, objects, run(name, start.Add(time.Duration(i)*time.Hour), func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = name }))
	}
	f := &history.Feed{Store: open(t), Cluster: newCluster(t), Namespace: "ci", Objects: objects, Layout: layout}
	put(t, f.Store, run("known", start))
	if err := f.Rebuild(t.Context()); !errors.Is(err, errStore) {
		t.Errorf("rebuild: %v, want %v", err, errStore)
	}
	if got := state(t, f.Store, "known"); got == "gone" {
		t.Error("a run was dropped by a pass that did not see all of the bucket")
	}
	objects.fail = ""
	if err := f.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"e2e", "lint", "unit"}
	if diff := cmp.Diff(want, all(t, f.Store, history.Filter{}, history.Everything, 100)); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}
