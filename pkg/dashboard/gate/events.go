package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// maxAsked bounds the objects of one run whose events are asked for.
const maxAsked = 100

// Events are what Kubernetes said of the run, its tasks and their pods, oldest first: from the cluster while the run is
// there, from the store afterwards.
func (r *Run) Events(ctx context.Context) ([]corev1.Event, error) {
	if !r.pj.Status.Log.Archived {
		events, err := r.liveEvents(ctx)
		if err != nil || len(events) > 0 {
			return events, err
		}
	}
	kept, err := logs.LoadPods(ctx, r.gate.d.Store, r.Folder())
	if err = r.missing("read pods", err); err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	var events []corev1.Event
	for _, pod := range kept.Pods {
		events = append(events, pod.Events...)
	}
	return inOrder(events), nil
}

func (r *Run) liveEvents(ctx context.Context) ([]corev1.Event, error) {
	names := []string{r.pj.Name}
	tasks, err := r.TaskRuns(ctx)
	if err != nil {
		return nil, err
	}
	for i := range tasks {
		names = append(names, tasks[i].Name)
		if pod := tasks[i].Status.PodName; pod != "" {
			names = append(names, pod)
		}
	}
	if r.pj.Status.PipelineRun != "" {
		names = append(names, r.pj.Status.PipelineRun)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var all []corev1.Event
	for _, name := range names[:min(len(names), maxAsked)] {
		var list corev1.EventList
		err := r.gate.d.Live.List(ctx, &list, client.InNamespace(logs.RunNamespace(r.pj)), client.MatchingFields{"involvedObject.name": name})
		if err != nil {
			return nil, fmt.Errorf("list events of %s: %w", name, err)
		}
		all = append(all, list.Items...)
	}
	return inOrder(all), nil
}

func inOrder(events []corev1.Event) []corev1.Event {
	slices.SortStableFunc(events, func(a, b corev1.Event) int {
		at, bt := EventTime(&a), EventTime(&b)
		return cmp.Or(at.Compare(bt), cmp.Compare(a.Name, b.Name))
	})
	return events
}

// EventTime is when an event was last seen. Newer ones have a time of their own in place of the counted ones.
func EventTime(e *corev1.Event) time.Time {
	if !e.LastTimestamp.IsZero() {
		return e.LastTimestamp.UTC()
	}
	if !e.EventTime.IsZero() {
		return e.EventTime.UTC()
	}
	return e.CreationTimestamp.UTC()
}
