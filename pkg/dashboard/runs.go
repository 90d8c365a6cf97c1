package dashboard

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// NewRuns reads runs of one namespace through a reader, which should be an informer's cache: each page lists all runs.
func NewRuns(r client.Reader, namespace string) Runs { return &clusterRuns{r, namespace} }

type clusterRuns struct {
	reader    client.Reader
	namespace string
}

func (c *clusterRuns) Get(ctx context.Context, name string) (*v1alpha1.PipelineJob, error) {
	pj := &v1alpha1.PipelineJob{}
	err := c.reader.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, pj)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("get run %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get run %s: %w", name, err)
	}
	return pj, nil
}

func (c *clusterRuns) List(ctx context.Context, f Filter) ([]v1alpha1.PipelineJob, error) {
	var list v1alpha1.PipelineJobList
	if err := c.reader.List(ctx, &list, client.InNamespace(c.namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var found []*v1alpha1.PipelineJob
	for i := range list.Items {
		if f.matches(&list.Items[i]) {
			found = append(found, &list.Items[i])
		}
	}
	slices.SortFunc(found, func(a, b *v1alpha1.PipelineJob) int {
		return v1alpha1.CompareBuilds(b.Spec.BuildID, a.Spec.BuildID)
	})
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[:f.Limit]
	}
	result := make([]v1alpha1.PipelineJob, len(found))
	for i, pj := range found {
		result[i] = *pj
	}
	return result, nil
}

func (f Filter) matches(pj *v1alpha1.PipelineJob) bool {
	return (f.Job == "" || pj.Spec.Job == f.Job) &&
		(f.State == "" || stateOf(pj) == f.State) &&
		(f.BuildID == "" || pj.Spec.BuildID == f.BuildID) &&
		(f.Before == "" || v1alpha1.CompareBuilds(pj.Spec.BuildID, f.Before) < 0) &&
		(f.Pull == 0 || tests(pj, f.Pull)) &&
		(f.Repo == "" || isOf(pj, f.Repo))
}

func tests(pj *v1alpha1.PipelineJob, number int) bool {
	return pj.Spec.Refs != nil && slices.ContainsFunc(pj.Spec.Refs.Pulls, func(p v1alpha1.Pull) bool { return p.Number == number })
}

func isOf(pj *v1alpha1.PipelineJob, repo string) bool {
	if pj.Spec.Refs == nil {
		return false
	}
	name := pj.Spec.Refs.Org + "/" + pj.Spec.Refs.Repo
	return repo == name || repo == pj.Spec.Connection+":"+name
}

// stateOf spells out that a run without a state is triggered.
func stateOf(pj *v1alpha1.PipelineJob) v1alpha1.JobState {
	if pj.Status.State == "" {
		return v1alpha1.StateTriggered
	}
	return pj.Status.State
}
