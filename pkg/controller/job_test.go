package controller_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/apis"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/controller"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a cluster with the job controller; refuse, when set, is what the API server answers to new PipelineRuns, and
// blind hides PipelineRuns from the cache, but not from patches.
type world struct {
	t      *testing.T
	client client.Client
	job    *controller.Job
	now    time.Time
	refuse error
	blind  bool
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), pipelinev1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: noon}
	b := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&v1alpha1.PipelineJob{}, &pipelinev1.PipelineRun{}).
		WithInterceptorFuncs(interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if _, ok := o.(*pipelinev1.PipelineRun); ok && w.refuse != nil {
					return w.refuse
				}
				return c.Create(ctx, o, opts...)
			},
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if _, ok := o.(*pipelinev1.PipelineRun); ok && w.blind {
					return apierrors.NewNotFound(schema.GroupResource{Resource: "pipelineruns"}, key.Name)
				}
				return c.Get(ctx, key, o, opts...)
			},
		})
	for name, index := range controller.JobIndexes() {
		b = b.WithIndex(&v1alpha1.PipelineJob{}, name, index)
	}
	w.client = b.Build()
	w.job = controller.NewJob(w.client, controller.JobOptions{
		Pipeline: pipeline.Options{Image: "pharos:test"},
		RunURL:   func(pj *v1alpha1.PipelineJob) string { return "https://ci.example.com/run/" + pj.Name },
		Now:      func() time.Time { return w.now },
	})
	return w
}

func (w *world) reconcile(name string) ctrl.Result {
	w.t.Helper()
	result, err := w.job.Reconcile(w.t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "ci", Name: name}})
	if err != nil {
		w.t.Fatalf("reconcile %s: %v", name, err)
	}
	return result
}

func (w *world) get(name string) *v1alpha1.PipelineJob {
	w.t.Helper()
	pj := &v1alpha1.PipelineJob{}
	if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: "ci", Name: name}, pj); err != nil {
		w.t.Fatal(err)
	}
	return pj
}

// runs are the names of the PipelineRuns that exist, with their spec.status when one is set.
func (w *world) runs() string {
	w.t.Helper()
	var list pipelinev1.PipelineRunList
	if err := w.client.List(w.t.Context(), &list); err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, run := range list.Items {
		names = append(names, strings.TrimSuffix(run.Name+":"+string(run.Spec.Status), ":"))
	}
	return strings.Join(names, " ")
}

// finish is what Tekton would write.
func (w *world) finish(name string, status corev1.ConditionStatus, reason string, children ...string) {
	w.t.Helper()
	run := &pipelinev1.PipelineRun{}
	if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: "ci", Name: name}, run); err != nil {
		w.t.Fatal(err)
	}
	run.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: status, Reason: reason, Message: "m"})
	run.Status.CompletionTime = &metav1.Time{Time: w.now}
	for _, child := range children {
		run.Status.ChildReferences = append(run.Status.ChildReferences,
			pipelinev1.ChildStatusReference{TypeMeta: runtime.TypeMeta{Kind: "TaskRun"}, Name: child})
	}
	if err := w.client.Status().Update(w.t.Context(), run); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) abort(name, why string) {
	w.t.Helper()
	pj := w.get(name)
	pj.Spec.Abort = why
	if err := w.client.Update(w.t.Context(), pj); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(name string, state v1alpha1.JobState, description string) *v1alpha1.PipelineJob {
	w.t.Helper()
	pj := w.get(name)
	if pj.Status.State != state || !strings.Contains(pj.Status.Description, description) {
		w.t.Errorf("%s is %q (%q), want %q (%q)", name, pj.Status.State, pj.Status.Description, state, description)
	}
	if pj.Status.State.Terminal() {
		complete := meta.FindStatusCondition(pj.Status.Conditions, v1alpha1.ConditionComplete)
		if pj.Status.CompletionTime == nil || complete == nil || complete.Status != metav1.ConditionTrue {
			w.t.Errorf("%s has ended without completion time or condition: %+v", name, pj.Status)
		}
	} else if pj.Status.CompletionTime != nil {
		w.t.Errorf("%s has not ended, yet completed at %v", name, pj.Status.CompletionTime)
	}
	return pj
}

func jobNamed(name string, changes ...func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ci", UID: types.UID("uid-" + name), Generation: 1},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: name, Connection: "gitea", Agent: v1alpha1.AgentKubernetes,
			Refs:    &v1alpha1.Refs{Org: "acme", Repo: "web", BaseRef: "main", Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: strings.Repeat("a", 40)}}},
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "alpine", Command: []string{"true"}}}},
		},
	}
	for _, change := range changes {
		change(pj)
	}
	return pj
}

func onPull(n int) func(*v1alpha1.PipelineJob) {
	return func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].Number = n }
}

func atMost(n int32) func(*v1alpha1.PipelineJob) {
	return func(pj *v1alpha1.PipelineJob) { pj.Spec.MaxConcurrency = n }
}

func TestAJobBecomesARunAndEndsWithIt(t *testing.T) {
	for name, tc := range map[string]struct {
		status corev1.ConditionStatus
		reason string
		want   v1alpha1.JobState
	}{
		"success":   {corev1.ConditionTrue, "Succeeded", v1alpha1.StateSuccess},
		"failure":   {corev1.ConditionFalse, "Failed", v1alpha1.StateFailure},
		"timeout":   {corev1.ConditionFalse, "PipelineRunTimeout", v1alpha1.StateFailure},
		"cancelled": {corev1.ConditionFalse, "Cancelled", v1alpha1.StateAborted},
		"error":     {corev1.ConditionFalse, "CouldntGetTask", v1alpha1.StateError},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, jobNamed("j1"))
			w.reconcile("j1")
			pj := w.want("j1", v1alpha1.StatePending, "Running.")
			if pj.Status.StartTime == nil || pj.Status.PendingTime == nil || pj.Status.PipelineRun != "j1" ||
				pj.Status.URL != "https://ci.example.com/run/j1" || pj.Status.ObservedGeneration != 1 {
				t.Errorf("status = %+v", pj.Status)
			}
			version := pj.ResourceVersion
			w.reconcile("j1")
			if got := w.get("j1").ResourceVersion; got != version {
				t.Error("a second look wrote although nothing had changed")
			}
			w.now = noon.Add(time.Hour)
			w.finish("j1", tc.status, tc.reason)
			w.reconcile("j1")
			pj = w.want("j1", tc.want, "")
			if !pj.Status.CompletionTime.Time.Equal(w.now) || !pj.Status.StartTime.Time.Equal(noon) {
				t.Errorf("from %v to %v", pj.Status.StartTime, pj.Status.CompletionTime)
			}
		})
	}
}

func TestOtherControllersPartsOfTheStatusStay(t *testing.T) {
	w := newWorld(t, jobNamed("j1", func(pj *v1alpha1.PipelineJob) {
		pj.Status.Log.Path = "pr-logs/1"
		pj.Status.Reports = map[string]v1alpha1.ReportStatus{"gitea": {State: v1alpha1.StateTriggered}}
		pj.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionArchived, Status: metav1.ConditionFalse, Reason: "Open", LastTransitionTime: metav1.Time{Time: noon}}}
	}))
	w.reconcile("j1")
	w.finish("j1", corev1.ConditionTrue, "Succeeded")
	w.reconcile("j1")
	pj := w.want("j1", v1alpha1.StateSuccess, "")
	if pj.Status.Log.Path != "pr-logs/1" || len(pj.Status.Reports) != 1 || meta.FindStatusCondition(pj.Status.Conditions, v1alpha1.ConditionArchived) == nil {
		t.Errorf("status = %+v", pj.Status)
	}
}

func TestAFailureWaitsForTheTaskThatTellsWhy(t *testing.T) {
	w := newWorld(t, jobNamed("j1"))
	w.reconcile("j1")
	w.finish("j1", corev1.ConditionFalse, "Failed", "j1-test")
	if result := w.reconcile("j1"); result.RequeueAfter == 0 {
		t.Error("the job is not looked at again")
	}
	w.want("j1", v1alpha1.StatePending, "")

	task := &pipelinev1.TaskRun{ObjectMeta: metav1.ObjectMeta{Name: "j1-test", Namespace: "ci", Labels: map[string]string{"tekton.dev/pipelineTask": "test"}}}
	task.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: corev1.ConditionFalse, Reason: "TaskRunImagePullFailed", Message: "no image"})
	if err := w.client.Create(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	w.reconcile("j1")
	w.want("j1", v1alpha1.StateError, "no image")
}

func TestAFailureDoesNotWaitForEver(t *testing.T) {
	w := newWorld(t, jobNamed("j1"))
	w.reconcile("j1")
	w.finish("j1", corev1.ConditionFalse, "Failed", "gone")
	w.now = w.now.Add(time.Minute)
	w.reconcile("j1")
	w.want("j1", v1alpha1.StateFailure, "")
}

func TestAJobThatCannotBeBuiltIsAnError(t *testing.T) {
	w := newWorld(t, jobNamed("j1", func(pj *v1alpha1.PipelineJob) { pj.Spec.PodSpec.Containers[0].Image = "" }))
	w.reconcile("j1")
	w.want("j1", v1alpha1.StateError, "Image")
	if got := w.runs(); got != "" {
		t.Errorf("runs %q, want none", got)
	}
}

func TestRefusalsOfTheAPIServer(t *testing.T) {
	kind := schema.GroupResource{Group: "tekton.dev", Resource: "pipelineruns"}
	for name, tc := range map[string]struct {
		refusal     error
		first, last v1alpha1.JobState
	}{
		"a run that admission finds wrong is an error at once":  {apierrors.NewBadRequest("denied: no"), v1alpha1.StateError, v1alpha1.StateError},
		"a namespace that does not exist too":                   {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "x"), v1alpha1.StateError, v1alpha1.StateError},
		"a quota is given a while, and is an error if it stays": {apierrors.NewForbidden(kind, "j1", errors.New("exceeded quota")), v1alpha1.StateTriggered, v1alpha1.StateError},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, jobNamed("j1"))
			w.refuse = tc.refusal
			w.reconcile("j1")
			w.want("j1", tc.first, tc.refusal.Error())
			w.now = noon.Add(2 * time.Minute)
			w.reconcile("j1")
			w.want("j1", tc.last, tc.refusal.Error())
		})
	}
	t.Run("a quota that frees itself", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1"))
		w.refuse = apierrors.NewForbidden(kind, "j1", errors.New("exceeded quota"))
		if result := w.reconcile("j1"); result.RequeueAfter == 0 {
			t.Error("the job is not looked at again")
		}
		w.refuse = nil
		w.reconcile("j1")
		w.want("j1", v1alpha1.StatePending, "")
	})
	t.Run("a server in trouble is tried again", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1"))
		w.refuse = apierrors.NewInternalError(errors.New("etcd"))
		if _, err := w.job.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "ci", Name: "j1"}}); !apierrors.IsInternalError(err) {
			t.Errorf("error %v, want the server's", err)
		}
		w.want("j1", "", "")
	})
}

func TestARunThatExistsIsOursOrAStrangers(t *testing.T) {
	ours := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: "j1", Namespace: "ci"}}
	yes := true
	ours.OwnerReferences = []metav1.OwnerReference{{APIVersion: "pharos-ci.dev/v1alpha1", Kind: "PipelineJob", Name: "j1", UID: "uid-j1", Controller: &yes}}
	strangers := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: "j1", Namespace: "ci"}}
	for name, tc := range map[string]struct {
		run   *pipelinev1.PipelineRun
		blind bool
		want  v1alpha1.JobState
	}{
		"ours, made before a crash":                {ours, false, v1alpha1.StatePending},
		"ours, and the cache does not show it yet": {ours, true, v1alpha1.StatePending},
		"a stranger's":                             {strangers, false, v1alpha1.StateError},
		"a stranger's that the cache never shows":  {strangers, true, v1alpha1.StateError},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, jobNamed("j1"), tc.run.DeepCopy())
			w.blind = tc.blind
			w.reconcile("j1")
			w.want("j1", tc.want, "")
			if got := w.runs(); got != "j1" {
				t.Errorf("runs %q, want only the first", got)
			}
		})
	}
}

func TestARunInAnotherNamespaceIsFollowed(t *testing.T) {
	w := newWorld(t, jobNamed("j1", func(pj *v1alpha1.PipelineJob) { pj.Spec.Namespace = "test-pods" }))
	w.reconcile("j1")
	w.reconcile("j1")
	w.want("j1", v1alpha1.StatePending, "Running.")
}

func TestADeletedRunIsAnErrorOnlyWhenItIsReallyGone(t *testing.T) {
	w := newWorld(t, jobNamed("j1"))
	w.reconcile("j1")
	w.blind = true
	w.reconcile("j1")
	w.want("j1", v1alpha1.StatePending, "")
	if err := w.client.Delete(t.Context(), &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: "j1", Namespace: "ci"}}); err != nil {
		t.Fatal(err)
	}
	w.reconcile("j1")
	w.want("j1", v1alpha1.StateError, "deleted")
}

func TestAbort(t *testing.T) {
	t.Run("before the start it never runs", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1"))
		w.abort("j1", "No longer wanted.")
		w.reconcile("j1")
		w.want("j1", v1alpha1.StateAborted, "No longer wanted.")
		if got := w.runs(); got != "" {
			t.Errorf("runs %q, want none", got)
		}
	})
	t.Run("a running one is cancelled and ends with its run", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1"))
		w.reconcile("j1")
		w.abort("j1", "No longer wanted.")
		w.reconcile("j1")
		w.want("j1", v1alpha1.StatePending, "Aborting: No longer wanted.")
		if got := w.runs(); got != "j1:CancelledRunFinally" {
			t.Errorf("runs %q, want it cancelled", got)
		}
		w.finish("j1", corev1.ConditionFalse, "Failed")
		w.reconcile("j1")
		w.want("j1", v1alpha1.StateAborted, "No longer wanted.")
	})
	t.Run("a run that the cache does not show is cancelled too", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1"))
		w.reconcile("j1")
		w.abort("j1", "x")
		w.blind = true
		w.reconcile("j1")
		if got := w.runs(); got != "j1:CancelledRunFinally" {
			t.Errorf("runs %q, want it cancelled", got)
		}
	})
	t.Run("one that was faster did pass", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1"))
		w.reconcile("j1")
		w.finish("j1", corev1.ConditionTrue, "Succeeded")
		w.abort("j1", "x")
		w.reconcile("j1")
		w.want("j1", v1alpha1.StateSuccess, "")
	})
	t.Run("a deleted job stops, so that its finalizer can go", func(t *testing.T) {
		w := newWorld(t, jobNamed("j1", func(pj *v1alpha1.PipelineJob) { pj.Finalizers = []string{v1alpha1.FinalizerLogs} }))
		w.reconcile("j1")
		if err := w.client.Delete(t.Context(), w.get("j1")); err != nil {
			t.Fatal(err)
		}
		w.reconcile("j1")
		w.finish("j1", corev1.ConditionFalse, "Cancelled")
		w.reconcile("j1")
		w.want("j1", v1alpha1.StateAborted, "deleted")
	})
}

func TestANewerRunSupersedesOlderOnes(t *testing.T) {
	w := newWorld(t, jobNamed("b1"), jobNamed("b2"), jobNamed("b3"),
		jobNamed("o1", onPull(8)), jobNamed("o2", func(pj *v1alpha1.PipelineJob) { pj.Spec.Type = v1alpha1.Postsubmit }))
	w.reconcile("b1")
	w.want("b1", v1alpha1.StateAborted, "Superseded by b")
	w.reconcile("b3")
	w.want("b3", v1alpha1.StatePending, "")
	w.reconcile("b2")
	w.want("b2", v1alpha1.StateAborted, "Superseded by b3.")
	w.reconcile("o1")
	w.want("o1", v1alpha1.StatePending, "")
	w.reconcile("o2")
	w.want("o2", v1alpha1.StatePending, "")
	if got := w.runs(); got != "b3 o1 o2" {
		t.Errorf("runs %q", got)
	}
}

func TestARunningOneIsCancelledByANewerOne(t *testing.T) {
	w := newWorld(t, jobNamed("b1"))
	w.reconcile("b1")
	if err := w.client.Create(t.Context(), jobNamed("b2")); err != nil {
		t.Fatal(err)
	}
	w.reconcile("b2")
	w.reconcile("b1")
	w.want("b1", v1alpha1.StatePending, "Aborting: Superseded by b2.")
	if got := w.runs(); got != "b1:CancelledRunFinally b2" {
		t.Errorf("runs %q", got)
	}
}

func TestMaxConcurrencyLetsTheOldestGoFirst(t *testing.T) {
	w := newWorld(t, jobNamed("99", onPull(1), atMost(1)), jobNamed("100", onPull(2), atMost(1)), jobNamed("101", onPull(3), atMost(1)))
	if result := w.reconcile("100"); result.RequeueAfter == 0 {
		t.Error("a waiting job is not looked at again")
	}
	w.want("100", v1alpha1.StateTriggered, "max_concurrency")
	w.reconcile("99")
	w.reconcile("101")
	w.reconcile("100")
	if got := w.runs(); got != "99" {
		t.Errorf("runs %q, want the oldest", got)
	}
	w.finish("99", corev1.ConditionTrue, "Succeeded")
	w.reconcile("99")
	w.reconcile("101")
	w.reconcile("100")
	if got := w.runs(); got != "100 99" {
		t.Errorf("runs %q, want the next oldest", got)
	}
	w.want("101", v1alpha1.StateTriggered, "max_concurrency")
}

func TestASlotIsNotTakenTwiceByWorkersSideBySide(t *testing.T) {
	var jobs []client.Object
	names := []string{"101", "102", "103", "104", "105", "106"}
	for i, name := range names {
		jobs = append(jobs, jobNamed(name, onPull(i+1), atMost(2)))
	}
	w := newWorld(t, jobs...)
	done := make(chan error)
	for _, name := range names {
		go func() {
			_, err := w.job.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "ci", Name: name}})
			done <- err
		}()
	}
	for range names {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff("101 102", w.runs()); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestTheCacheKeepsWhatTheControllerReads(t *testing.T) {
	w := newWorld(t, jobNamed("j1", func(pj *v1alpha1.PipelineJob) { pj.Spec.Namespace = "test-pods" }))
	w.reconcile("j1")
	run := &pipelinev1.PipelineRun{}
	if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: "test-pods", Name: "j1"}, run); err != nil {
		t.Fatal(err)
	}
	run.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: corev1.ConditionFalse, Reason: "PipelineRunTimeout"})
	run.Status.PipelineSpec = run.Spec.PipelineSpec
	state, why, _ := pipeline.State(run)
	task := &pipelinev1.TaskRun{Spec: pipelinev1.TaskRunSpec{TaskSpec: &pipelinev1.TaskSpec{}}}
	for o, by := range controller.JobCache() {
		if by.Label == nil || !by.Label.Matches(labels.Set(run.Labels)) || by.Label.Matches(labels.Set{}) {
			t.Errorf("%T is selected by %v", o, by.Label)
		}
		switch o.(type) {
		case *pipelinev1.PipelineRun:
			if _, err := by.Transform(run); err != nil {
				t.Error(err)
			}
		case *pipelinev1.TaskRun:
			if _, err := by.Transform(task); err != nil {
				t.Error(err)
			}
		}
	}
	if run.Spec.PipelineSpec != nil || run.Status.PipelineSpec != nil || task.Spec.TaskSpec != nil {
		t.Error("the cache keeps specs that nobody reads")
	}
	if s, d, _ := pipeline.State(run); s != state || d != why {
		t.Errorf("state %s (%s), want %s (%s)", s, d, state, why)
	}
}
