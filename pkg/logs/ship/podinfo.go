package ship

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// maxEvents bounds what is kept of one pod.
const maxEvents = 300

// podRecord is one pod of a run.
type podRecord struct {
	logs.PodInfo
	learned bool
	stage   string    // what was known of it when it was read
	read    time.Time // then
}

// loadPods reads what an earlier process kept, once.
func (r *run) loadPods(ctx context.Context) {
	if r.pods != nil {
		return
	}
	r.pods = make(map[string]*podRecord)
	report, err := logs.LoadPods(ctx, r.s.o.Store, r.path)
	if err != nil && !errors.Is(err, storage.ErrNotExist) {
		log.FromContext(ctx).Error(err, "pods seen earlier are forgotten")
	}
	for _, info := range report.Pods {
		if info.Pod != nil {
			r.pods[string(info.Pod.UID)] = &podRecord{PodInfo: info}
		}
	}
}

// fetchPod asks the cluster for a pod and its events. The record keeps what it had of what is gone. The error is about
// the pod: ErrNotExist when there is none, or another of the same name.
func (r *run) fetchPod(ctx context.Context, ref logs.ContainerRef) (*podRecord, error) {
	record := r.pods[ref.UID]
	if record == nil {
		record = &podRecord{}
		r.pods[ref.UID] = record
	}
	record.read = time.Now()
	var pod corev1.Pod
	err := r.ask(ctx, func(ctx context.Context) error {
		return r.s.o.API.Get(ctx, types.NamespacedName{Namespace: ref.Namespace, Name: ref.Pod}, &pod)
	})
	if apierrors.IsNotFound(err) || err == nil && string(pod.UID) != ref.UID {
		err = fmt.Errorf("pod %s of UID %s: %w", ref.Pod, ref.UID, storage.ErrNotExist)
	}
	if err == nil {
		record.Pod = &pod
	}
	var list corev1.EventList
	missed := r.ask(ctx, func(ctx context.Context) error {
		return r.s.o.API.List(ctx, &list, client.InNamespace(ref.Namespace), client.MatchingFields{"involvedObject.uid": ref.UID}, client.Limit(maxEvents))
	})
	if missed != nil {
		log.FromContext(ctx).V(1).Info("events of a pod are not known", "pod", ref.Pod, "error", missed.Error())
	}
	record.Events = mergeEvents(record.Events, list.Items)
	return record, err
}

// mergeEvents replaces events by their newer state and keeps those that the cluster has forgotten.
func mergeEvents(known, now []corev1.Event) []corev1.Event {
	merged := slices.Clone(now)
	for _, old := range known {
		if !slices.ContainsFunc(now, func(e corev1.Event) bool { return e.UID == old.UID }) {
			merged = append(merged, old)
		}
	}
	slices.SortStableFunc(merged, func(a, b corev1.Event) int {
		return cmp.Or(eventTime(a).Compare(eventTime(b)), cmp.Compare(a.Name, b.Name))
	})
	return merged[max(len(merged)-maxEvents, 0):]
}

func eventTime(e corev1.Event) time.Time {
	for _, at := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time, e.FirstTimestamp.Time} {
		if !at.IsZero() {
			return at
		}
	}
	return e.CreationTimestamp.Time
}

// refreshPods reads the pods again of which there is something new, and the events of all when it is time.
func (r *run) refreshPods(ctx context.Context) {
	if r.s.o.API == nil {
		return
	}
	r.mu.Lock()
	seen := r.seen
	r.mu.Unlock()
	news := false
	for uid, stage := range stages(seen) {
		record := r.pods[uid]
		if record == nil || record.stage == stage.text && time.Since(record.read) < eventsEvery {
			continue
		}
		if record.stage != "" || time.Since(record.read) > time.Second { // learn has just read a new one
			_, _ = r.fetchPod(ctx, stage.ref) // a pod that is gone stays as it was
		}
		record.stage, news = stage.text, true
	}
	if !news {
		return
	}
	// One try: the streams must not wait for it, and the end of the run puts it for sure.
	if err := r.writePods(ctx); err != nil && ctx.Err() == nil {
		log.FromContext(ctx).V(1).Info("pods are not stored yet", "error", err.Error())
	}
}

// stage is what makes a pod worth another look when it changes.
type stage struct {
	ref  logs.ContainerRef
	text string
}

// stages tells them by UID.
func stages(seen []pods.Container) map[string]stage {
	all := make(map[string]stage)
	ended := make(map[string]bool)
	for _, c := range seen {
		uid := c.Ref.UID
		s, known := all[uid]
		if !known {
			s, ended[uid] = stage{ref: c.Ref, text: "seen"}, true
		}
		ended[uid] = ended[uid] && c.Ended
		if c.Stuck() {
			s.text += " " + c.Reason
		}
		if c.Fate != "" && !strings.HasSuffix(s.text, " going") {
			s.text += " going"
		}
		all[uid] = s
	}
	for uid, s := range all {
		if ended[uid] {
			s.text += " ended"
			all[uid] = s
		}
	}
	return all
}

// putPods completes podinfo.json at the run's end.
func (r *run) putPods(ctx context.Context) error {
	if r.s.o.API == nil {
		return nil
	}
	r.mu.Lock()
	seen := r.seen
	r.mu.Unlock()
	for _, stage := range stages(seen) {
		_, _ = r.fetchPod(ctx, stage.ref) // a pod that is gone stays as it was
	}
	_, err := r.persist(ctx, "put pods", r.writePods)
	return err
}

func (r *run) writePods(ctx context.Context) error {
	return logs.PutJSON(ctx, r.s.o.Store, path.Join(r.path, logs.PodInfoFile), r.podReport())
}

func (r *run) podReport() logs.PodReport {
	report := logs.PodReport{Pods: []logs.PodInfo{}}
	for _, record := range r.pods {
		if record.Pod != nil {
			report.Pods = append(report.Pods, clean(record.PodInfo, r.secrets()))
		}
	}
	slices.SortFunc(report.Pods, func(a, b logs.PodInfo) int {
		return cmp.Or(a.Pod.CreationTimestamp.Compare(b.Pod.CreationTimestamp.Time), cmp.Compare(a.Pod.Name, b.Pod.Name), cmp.Compare(a.Pod.UID, b.Pod.UID))
	})
	if len(report.Pods) > 0 {
		main := slices.IndexFunc(report.Pods, func(p logs.PodInfo) bool { return p.Pod.Status.Phase == corev1.PodFailed })
		report.PodInfo = report.Pods[max(main, 0)]
	}
	return report
}
