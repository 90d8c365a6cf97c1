package controller_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/controller"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

var logsJob = client.ObjectKey{Namespace: "pharos", Name: "run"}

// archive is a log reconciler between a cluster in memory and a store on disk.
type archive struct {
	t       *testing.T
	cluster client.WithWatch
	store   storage.Store
	logs    *controller.Logs
	// conflicts is how many patches are refused because the object has changed.
	conflicts int
}

// silent is a source in which every container has ended without a word.
type silent struct{}

func (silent) Follow(context.Context, logs.ContainerRef, logs.Cursor) (io.ReadCloser, error) {
	return io.NopCloser(&eof{}), nil
}

type eof struct{}

func (*eof) Read([]byte) (int, error) { return 0, io.EOF }

func newArchive(t *testing.T, objects ...client.Object) *archive {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	store, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{t: t, store: store}
	refuse := func() error {
		if a.conflicts == 0 {
			return nil
		}
		a.conflicts--
		return apierrors.NewConflict(schema.GroupResource{Resource: "pipelinejobs"}, "run", errors.New("changed"))
	}
	a.cluster = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.PipelineJob{}).WithObjects(objects...).
		WithInterceptorFuncs(interceptor.Funcs{
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
				if err := refuse(); err != nil {
					return err
				}
				return c.Patch(ctx, o, p, opts...)
			},
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
				if err := refuse(); err != nil {
					return err
				}
				return c.SubResource(sub).Patch(ctx, o, p, opts...)
			},
		}).Build()
	a.logs = controller.NewLogs(controller.LogsOptions{
		Client: a.cluster, Store: store, Source: silent{}, Layout: logs.Layout{DefaultConnection: "main"},
	})
	return a
}

func (a *archive) reconcile() ctrl.Result {
	a.t.Helper()
	ctx := log.IntoContext(context.Background(), logr.Discard())
	result, err := a.logs.Reconcile(ctx, ctrl.Request{NamespacedName: logsJob})
	if err != nil {
		a.t.Fatal(err)
	}
	return result
}

// settle reconciles until the run is archived and released, as its events would.
func (a *archive) settle() *v1alpha1.PipelineJob {
	a.t.Helper()
	for range 100 {
		a.reconcile()
		pj := a.get()
		if pj == nil || pj.Status.Log.Archived && len(pj.Finalizers) == 0 {
			return pj
		}
		time.Sleep(time.Second)
	}
	a.t.Fatalf("not archived: %+v", a.get())
	return nil
}

func (a *archive) get() *v1alpha1.PipelineJob {
	a.t.Helper()
	pj := &v1alpha1.PipelineJob{}
	if err := a.cluster.Get(context.Background(), logsJob, pj); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		a.t.Fatal(err)
	}
	return pj
}

func (a *archive) has(key string) bool {
	object, err := a.store.Get(context.Background(), key, storage.Range{})
	if errors.Is(err, storage.ErrNotExist) {
		return false
	}
	if err := errors.Join(err, object.Body.Close()); err != nil {
		a.t.Fatal(err)
	}
	return true
}

func runOf(state v1alpha1.JobState) *v1alpha1.PipelineJob {
	return &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: logsJob.Namespace, Name: logsJob.Name, UID: "uid", Generation: 1},
		Spec:       v1alpha1.PipelineJobSpec{Type: v1alpha1.Periodic, Job: "nightly", BuildID: "5", Connection: "main", Namespace: "tests"},
		Status: v1alpha1.PipelineJobStatus{State: state, Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: "Done", LastTransitionTime: metav1.NewTime(time.Unix(1, 0)),
		}}},
	}
}

// endedPod is a pod of the run, in the run's namespace, with one step that has ended.
func endedPod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "tests", Name: "run-pod", UID: "pod-uid", Labels: map[string]string{logs.LabelPipelineRun: "run", "tekton.dev/pipelineTask": "t"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "step-s"}}},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: "step-s", ContainerID: "x", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}},
		}}},
	}
}

func TestLogsArchivesARun(t *testing.T) {
	for name, tc := range map[string]struct {
		state     v1alpha1.JobState
		pods      []client.Object
		conflicts int
		want      []string
	}{
		"with its step":         {v1alpha1.StateSuccess, []client.Object{endedPod()}, 0, []string{"t-s-build-log.txt", "finished.json"}},
		"without a pod":         {v1alpha1.StateError, nil, 0, []string{"build-log.txt", "finished.json"}},
		"against other writers": {v1alpha1.StateFailure, []client.Object{endedPod()}, 3, []string{"finished.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newArchive(t, append(tc.pods, runOf(tc.state))...)
				a.conflicts = tc.conflicts
				pj := a.settle()
				if diff := cmp.Diff(v1alpha1.LogStatus{Path: "logs/nightly/5", Archived: true}, pj.Status.Log); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}
				for _, condition := range []string{v1alpha1.ConditionArchived, v1alpha1.ConditionComplete} {
					if !meta.IsStatusConditionTrue(pj.Status.Conditions, condition) {
						t.Errorf("condition %s is not true in %v", condition, pj.Status.Conditions)
					}
				}
				if pj.Status.State != tc.state {
					t.Errorf("state became %s", pj.Status.State)
				}
				for _, file := range tc.want {
					if !a.has("logs/nightly/5/" + file) {
						t.Errorf("%s is not in the store", file)
					}
				}
			})
		})
	}
}

func TestLogsHoldsARunUntilItIsArchived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newArchive(t, runOf(v1alpha1.StatePending))
		a.reconcile()
		if diff := cmp.Diff([]string{v1alpha1.FinalizerLogs}, a.get().Finalizers); diff != "" {
			t.Fatalf("finalizers (-want +got):\n%s", diff)
		}
		if a.has("logs/nightly/5/started.json") {
			t.Error("started before there is a pod")
		}
		if err := a.cluster.Create(t.Context(), endedPod()); err != nil {
			t.Fatal(err)
		}
		if err := a.cluster.Delete(t.Context(), a.get()); err != nil {
			t.Fatal(err)
		}
		if left := a.settle(); left != nil {
			t.Errorf("%v is still there", left.Finalizers)
		}
		if !a.has("logs/nightly/5/t-s-build-log.txt") || !a.has("logs/nightly/5/finished.json") {
			t.Error("deleted without its log")
		}
	})
}

func TestLogsLeavesAloneWhatHasNotBegun(t *testing.T) {
	for _, state := range []v1alpha1.JobState{"", v1alpha1.StateScheduling, v1alpha1.StateTriggered} {
		synctest.Test(t, func(t *testing.T) {
			a := newArchive(t, runOf(state))
			before := a.get()
			a.reconcile()
			if diff := cmp.Diff(before, a.get()); diff != "" {
				t.Errorf("state %q (-before +after):\n%s", state, diff)
			}
		})
	}
}

func TestLogsFindsTheRunOfAPod(t *testing.T) {
	pod := endedPod()
	pod.Annotations = map[string]string{"pharos-ci.dev/job-namespace": "pharos"}
	if diff := cmp.Diff([]ctrl.Request{{NamespacedName: logsJob}}, controller.JobOfPod(t.Context(), pod)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPodCacheKeepsWhatTheLogNeeds(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	pod := endedPod()
	pod.Spec = corev1.PodSpec{
		NodeName:       "n1",
		InitContainers: []corev1.Container{{Name: "sidecar-db", Image: "db", RestartPolicy: &always, Env: []corev1.EnvVar{{Name: "A", Value: "b"}}}},
		Containers:     []corev1.Container{{Name: "step-s", Image: "s", Args: []string{"x"}}},
		Volumes:        []corev1.Volume{{Name: "v"}},
	}
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "sidecar-db", RestartCount: 2}}
	want := pod.DeepCopy()
	want.Spec = corev1.PodSpec{
		NodeName:       "n1",
		InitContainers: []corev1.Container{{Name: "sidecar-db", RestartPolicy: &always}},
		Containers:     []corev1.Container{{Name: "step-s"}},
	}
	for _, settings := range controller.PodCache() {
		got, err := settings.Transform(pod)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pod (-want +got):\n%s", diff)
		}
	}
}
