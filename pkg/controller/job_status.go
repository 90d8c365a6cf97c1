package controller

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// maxStatusText keeps a description a line that people read.
const maxStatusText = 1000

// refusalPrefix marks a job that waits because the API server forbids its run.
const refusalPrefix = "The cluster refuses the PipelineRun for now: "

func isRefusal(description string) bool { return strings.HasPrefix(description, refusalPrefix) }

// hold keeps a job from starting and says why.
func (r *Job) hold(ctx context.Context, pj *v1alpha1.PipelineJob, why string) error {
	r.slots.release(client.ObjectKeyFromObject(pj))
	return r.write(ctx, pj, v1alpha1.StateTriggered, why, nil)
}

// end makes a state final. It always has a completion time: the run's own when there is one.
func (r *Job) end(ctx context.Context, pj *v1alpha1.PipelineJob, state v1alpha1.JobState, why string, done *metav1.Time) error {
	if done == nil {
		done = &metav1.Time{Time: r.opts.Now()}
	}
	if err := r.write(ctx, pj, state, why, done); err != nil {
		return err
	}
	r.slots.release(client.ObjectKeyFromObject(pj))
	log.FromContext(ctx).Info("job ended", "job", pj.Spec.Job, "type", pj.Spec.Type, "state", state, "description", why)
	return nil
}

// write patches this controller's part of the status, if it changed. The first and the last write are bound to the
// version of the object they are based on: the first so that a stale cache cannot move the start, the last because it
// holds the list of conditions, which it shares with other controllers.
func (r *Job) write(ctx context.Context, pj *v1alpha1.PipelineJob, state v1alpha1.JobState, why string, done *metav1.Time) error {
	next := pj.DeepCopy()
	r.fill(next, state, why, done)
	if equality.Semantic.DeepEqual(pj.Status, next.Status) {
		return nil
	}
	patch := client.MergeFrom(pj)
	if pj.Status.StartTime == nil || done != nil {
		patch = client.MergeFromWithOptions(pj, client.MergeFromWithOptimisticLock{})
	}
	if err := r.client.Status().Patch(ctx, next, patch); err != nil {
		return fmt.Errorf("write status of pipeline job: %w", err)
	}
	if state != pj.Status.State {
		jobs.WithLabelValues(string(pj.Spec.Type), string(state)).Inc()
	}
	return nil
}

func (r *Job) fill(pj *v1alpha1.PipelineJob, state v1alpha1.JobState, why string, done *metav1.Time) {
	s := &pj.Status
	now := metav1.Time{Time: r.opts.Now()}
	s.State, s.Description, s.ObservedGeneration = state, cut(why), pj.Generation
	if s.URL == "" {
		s.URL = r.opts.RunURL(pj)
	}
	if s.StartTime == nil {
		s.StartTime = &now
	}
	if state == v1alpha1.StatePending {
		s.PipelineRun = pj.Name
		if s.PendingTime == nil {
			s.PendingTime = &now
		}
	}
	if done == nil {
		return
	}
	s.CompletionTime = done
	meta.SetStatusCondition(&s.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: reason(state), Message: s.Description,
		ObservedGeneration: pj.Generation, LastTransitionTime: *done,
	})
}

func reason(state v1alpha1.JobState) string {
	return strings.ToUpper(string(state[:1])) + string(state[1:])
}

func cut(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxStatusText {
		text = strings.ToValidUTF8(text[:maxStatusText], "") + "..."
	}
	return text
}
