package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// launcher starts and stops runs as PipelineJob objects.
type launcher struct {
	client client.Client
	// live reads past the cache, which the run of a moment ago has not reached yet.
	live      client.Reader
	namespace string
	podsIn    func() string
}

// Launch implements plugins.Launcher.
func (l *launcher) Launch(ctx context.Context, pj *v1alpha1.PipelineJob) error {
	pj.Namespace = l.namespace
	if pj.Spec.Namespace == "" {
		pj.Spec.Namespace = l.podsIn()
	}
	// The log controller would add it in a write of its own; born with it, no run can go unarchived.
	controllerutil.AddFinalizer(pj, v1alpha1.FinalizerLogs)
	err := l.client.Create(ctx, pj)
	if apierrors.IsAlreadyExists(err) {
		return nil // an earlier attempt of the same delivery got this far
	}
	return passing(err)
}

// passing marks what waiting may mend: everything but a refusal of the object itself.
func passing(err error) error {
	if err == nil || apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
		return err
	}
	return fmt.Errorf("%w: %w", scm.ErrTransient, err)
}

// AbortPull implements plugins.Launcher.
func (l *launcher) AbortPull(ctx context.Context, ref scm.PullRef, keep, reason string) (int, error) {
	runs, err := l.runsOf(ctx, l.client, ref)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, run := range runs {
		if run.Status.State.Terminal() || run.Spec.Abort != "" || run.Spec.Refs.Pulls[0].SHA == keep {
			continue
		}
		pj := run.DeepCopy()
		before := pj.DeepCopy()
		pj.Spec.Abort = reason
		if err := client.IgnoreNotFound(l.client.Patch(ctx, pj, client.MergeFrom(before))); err != nil {
			return n, passing(err)
		}
		n++
	}
	return n, nil
}

// Tested implements plugins.Launcher.
func (l *launcher) Tested(ctx context.Context, ref scm.PullRef, sha string) (bool, error) {
	runs, err := l.runsOf(ctx, l.live, ref)
	return slices.ContainsFunc(runs, func(pj *v1alpha1.PipelineJob) bool {
		return pj.Spec.Refs.Pulls[0].SHA == sha && pj.Spec.Abort == "" && pj.Status.State != v1alpha1.StateAborted
	}), err
}

// runsOf are the presubmit runs of one pull request, which must not be changed.
func (l *launcher) runsOf(ctx context.Context, from client.Reader, ref scm.PullRef) ([]*v1alpha1.PipelineJob, error) {
	var list v1alpha1.PipelineJobList
	err := from.List(ctx, &list, client.InNamespace(l.namespace), client.UnsafeDisableDeepCopy,
		client.MatchingLabels{v1alpha1.LabelPull: strconv.Itoa(ref.Number), v1alpha1.LabelType: string(v1alpha1.Presubmit)})
	if err != nil {
		return nil, passing(err)
	}
	var runs []*v1alpha1.PipelineJob
	for i := range list.Items {
		pj := &list.Items[i]
		refs := pj.Spec.Refs
		if refs != nil && pj.Spec.Connection == ref.Connection && refs.Org == ref.Org && refs.Repo == ref.Name &&
			len(refs.Pulls) == 1 && refs.Pulls[0].Number == ref.Number {
			runs = append(runs, pj)
		}
	}
	return runs, nil
}
