package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Indexes of unfinished jobs.
const (
	// queueIndex holds jobs with max_concurrency under their name.
	queueIndex = "job-queue"
	// subjectIndex holds presubmits under what they test, apart from the commit.
	subjectIndex = "job-subject"
)

func jobIndexes() map[string]client.IndexerFunc {
	return map[string]client.IndexerFunc{
		queueIndex: func(o client.Object) []string {
			pj, ok := o.(*v1alpha1.PipelineJob)
			if !ok || pj.Status.State.Terminal() || pj.Spec.MaxConcurrency <= 0 {
				return nil
			}
			return []string{pj.Spec.Job}
		},
		subjectIndex: func(o client.Object) []string {
			pj, ok := o.(*v1alpha1.PipelineJob)
			if !ok || pj.Status.State.Terminal() || subject(pj) == "" {
				return nil
			}
			return []string{subject(pj)}
		},
	}
}

// subject is what runs of one job on one pull request have in common; only presubmits supersede each other.
func subject(pj *v1alpha1.PipelineJob) string {
	refs := pj.Spec.Refs
	if pj.Spec.Type != v1alpha1.Presubmit || refs == nil || len(refs.Pulls) != 1 {
		return ""
	}
	return strings.Join([]string{pj.Spec.Connection, refs.Org, refs.Repo, refs.BaseRef, strconv.Itoa(refs.Pulls[0].Number), pj.Spec.Job}, "\n")
}

// older orders jobs by their build: ids are numbers of increasing size.
func older(a, b *v1alpha1.PipelineJob) int {
	return cmp.Or(cmp.Compare(len(a.Spec.BuildID), len(b.Spec.BuildID)), cmp.Compare(a.Spec.BuildID, b.Spec.BuildID), cmp.Compare(a.Name, b.Name))
}

func supersededBy(name string) string { return "Superseded by " + name + "." }

// supersede asks for the end of older runs of the same job on the same pull request, whatever commit they test. If there
// is a newer one instead, it gives that one's name.
func (r *Job) supersede(ctx context.Context, pj *v1alpha1.PipelineJob) (newer string, err error) {
	key := subject(pj)
	if key == "" {
		return "", nil
	}
	peers, err := r.peers(ctx, pj, subjectIndex, key)
	if err != nil {
		return "", err
	}
	for _, peer := range peers {
		if order := older(peer, pj); order > 0 {
			return peer.Name, nil
		} else if order == 0 || peer.Spec.Abort != "" {
			continue
		}
		patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"abort":`+strconv.Quote(supersededBy(pj.Name))+`}}`))
		target := &v1alpha1.PipelineJob{}
		target.Name, target.Namespace = peer.Name, peer.Namespace
		if err := client.IgnoreNotFound(r.client.Patch(ctx, target, patch)); err != nil {
			return "", fmt.Errorf("abort superseded job %s: %w", peer.Name, err)
		}
		log.FromContext(ctx).Info("older run superseded", "older", peer.Name)
	}
	return "", nil
}

// peers are the jobs under a key, oldest first. They belong to the informer and must not be changed.
func (r *Job) peers(ctx context.Context, pj *v1alpha1.PipelineJob, index, key string) ([]*v1alpha1.PipelineJob, error) {
	var list v1alpha1.PipelineJobList
	if err := r.client.List(ctx, &list, client.InNamespace(pj.Namespace), client.MatchingFields{index: key}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list jobs by %s: %w", index, err)
	}
	peers := make([]*v1alpha1.PipelineJob, len(list.Items))
	for i := range list.Items {
		peers[i] = &list.Items[i]
	}
	slices.SortFunc(peers, older)
	return peers, nil
}

// slots remembers which jobs took a slot that the cache does not show as taken yet, so that workers side by side do not
// take one twice.
type slots struct {
	sync.Mutex
	claimed map[types.NamespacedName]bool
}

func (s *slots) release(key types.NamespacedName) {
	s.Lock()
	defer s.Unlock()
	delete(s.claimed, key)
}

// claim takes a slot of the job's max_concurrency if one is free and no older job waits for it. It is kept until the job
// ends or is put on hold.
func (r *Job) claim(ctx context.Context, pj *v1alpha1.PipelineJob) (bool, error) {
	if pj.Spec.MaxConcurrency <= 0 {
		return true, nil
	}
	r.slots.Lock()
	defer r.slots.Unlock()
	peers, err := r.peers(ctx, pj, queueIndex, pj.Spec.Job)
	if err != nil {
		return false, err
	}
	ahead := int32(0)
	for _, peer := range peers {
		switch {
		case peer.Name == pj.Name:
		case r.active(ctx, peer):
			ahead++
		case older(peer, pj) < 0 && peer.Spec.Abort == "" && !isRefusal(peer.Status.Description):
			ahead++
		}
	}
	if ahead >= pj.Spec.MaxConcurrency {
		return false, nil
	}
	r.slots.claimed[client.ObjectKeyFromObject(pj)] = true
	return true, nil
}

// active says whether a job holds a slot: it runs, or we have started it, now or before a restart.
func (r *Job) active(ctx context.Context, pj *v1alpha1.PipelineJob) bool {
	return pj.Status.State == v1alpha1.StatePending || r.slots.claimed[client.ObjectKeyFromObject(pj)] || r.hasRun(ctx, pj)
}

// waiting are the jobs to look at when a job has ended: as many of its queue as could start.
func (r *Job) waiting(ctx context.Context, o client.Object) []reconcile.Request {
	pj, ok := o.(*v1alpha1.PipelineJob)
	if !ok || pj.Spec.MaxConcurrency <= 0 {
		return nil
	}
	peers, err := r.peers(ctx, pj, queueIndex, pj.Spec.Job)
	if err != nil {
		log.FromContext(ctx).Error(err, "waiting jobs start at the next recheck", "job", pj.Spec.Job)
		return nil
	}
	var requests []reconcile.Request
	for _, peer := range peers {
		if peer.Status.State == v1alpha1.StatePending || peer.Name == pj.Name || isRefusal(peer.Status.Description) {
			continue
		}
		if requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(peer)}); len(requests) >= int(pj.Spec.MaxConcurrency) {
			break
		}
	}
	return requests
}
