package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Keys of a run's status.reports.
const (
	forgeReporter   = "forge"
	commentReporter = "comment"
)

// echo is how long an own write is remembered: far more than it takes to come back through the informer.
const echo = time.Minute

// longestMessage of a refusal is kept on the run, in bytes.
const longestMessage = 500

// told is what the forge was told lately, which the informer may not show yet.
type told struct{ entries sync.Map }

type toldKey struct {
	run      types.NamespacedName
	build    string
	reporter string
}

// lastTold is the newest report of a run; unsaved means that the run does not carry it.
type lastTold struct {
	v1alpha1.ReportStatus
	unsaved bool
}

func keyOf(pj *v1alpha1.PipelineJob, reporter string) toldKey {
	return toldKey{run: client.ObjectKeyFromObject(pj), build: pj.Spec.BuildID, reporter: reporter}
}

func (t *told) last(pj *v1alpha1.PipelineJob, reporter string) lastTold {
	if entry, ok := t.entries.Load(keyOf(pj, reporter)); ok {
		return entry.(lastTold)
	}
	return lastTold{ReportStatus: pj.Status.Reports[reporter]}
}

func (t *told) remember(pj *v1alpha1.PipelineJob, reporter string, last lastTold) {
	key := keyOf(pj, reporter)
	t.entries.Store(key, last)
	time.AfterFunc(echo, func() { t.entries.CompareAndDelete(key, last) })
}

// record keeps what was told, first in memory, so that a failing write does not make the forge hear it twice. What a run
// that goes on was said to be stays in memory: after a restart the forge hears once more of the runs under way, which is
// cheaper than a write for each that ever was.
func (r *Report) record(ctx context.Context, pj *v1alpha1.PipelineJob, reporter string, status v1alpha1.ReportStatus) error {
	if !status.State.Terminal() && status.Message == "" {
		r.told.entries.Store(keyOf(pj, reporter), lastTold{ReportStatus: status})
		return nil
	}
	last := lastTold{ReportStatus: status, unsaved: true}
	r.told.remember(pj, reporter, last)
	return r.save(ctx, pj, reporter, last)
}

// save writes an unsaved report to its run. A run that is gone needs none.
func (r *Report) save(ctx context.Context, pj *v1alpha1.PipelineJob, reporter string, last lastTold) error {
	if !last.unsaved {
		return nil
	}
	patch, err := reportPatch(reporter, last.ReportStatus)
	if err != nil {
		return err
	}
	target := &v1alpha1.PipelineJob{}
	target.Namespace, target.Name = pj.Namespace, pj.Name
	if err := r.client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("record report of run %s: %w", pj.Name, err)
	}
	last.unsaved = false
	r.told.remember(pj, reporter, last)
	return nil
}

// reportPatch replaces one reporter's entry and touches nothing else. Empty fields are null, because a merge patch
// would keep what the entry held before.
func reportPatch(reporter string, s v1alpha1.ReportStatus) ([]byte, error) {
	field := func(v string) any {
		if v == "" {
			return nil
		}
		return v
	}
	entry := map[string]any{"state": s.State, "status": field(s.Status), "targetURL": field(s.TargetURL), "message": field(s.Message)}
	data, err := json.Marshal(map[string]any{"status": map[string]any{"reports": map[string]any{reporter: entry}}})
	if err != nil {
		return nil, fmt.Errorf("encode report of %s: %w", reporter, err)
	}
	return data, nil
}

func brief(err error) string {
	text := err.Error()
	if len(text) > longestMessage {
		text = text[:longestMessage] + "..."
	}
	return text
}
