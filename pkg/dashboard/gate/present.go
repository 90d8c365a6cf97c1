package gate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Present lists the runs that the cluster has, newest first. They may be shared and must not be changed.
func (g *Gate) Present(ctx context.Context) ([]*v1alpha1.PipelineJob, error) {
	var list v1alpha1.PipelineJobList
	if err := g.d.Cluster.List(ctx, &list, client.InNamespace(g.d.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	all := make([]*v1alpha1.PipelineJob, len(list.Items))
	asked := map[scm.Repo]bool{}
	for i := range list.Items {
		all[i] = &list.Items[i]
		for _, r := range access.Repos(all[i]) {
			asked[r] = true
		}
	}
	repos := make([]scm.Repo, 0, len(asked))
	for r := range asked {
		repos = append(repos, r)
	}
	seen, err := g.visibleOf(ctx, repos)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	all = slices.DeleteFunc(all, func(pj *v1alpha1.PipelineJob) bool {
		return slices.ContainsFunc(access.Repos(pj), func(r scm.Repo) bool { return !seen[r] })
	})
	slices.SortFunc(all, func(a, b *v1alpha1.PipelineJob) int { return v1alpha1.CompareBuilds(b.Spec.BuildID, a.Spec.BuildID) })
	return all, nil
}

var (
	// podSuffix is what Tekton appends to the name of a TaskRun.
	podSuffix = regexp.MustCompile(`-pod(-retry[0-9]+)?$`)
	// runPrefix is how names of runs begin those of their pods, unless Tekton had to shorten them.
	runPrefix = regexp.MustCompile(`^(.+?-[0-9a-f]{24})(?:-|$)`)
)

// RunOfPod opens the run that a pod belongs to: by its TaskRun or, when that is gone, by its name.
func (g *Gate) RunOfPod(ctx context.Context, namespace, pod string) (*Run, error) {
	name, err := g.runNameOfPod(ctx, namespace, pod)
	if err != nil {
		return nil, fmt.Errorf("find run of pod %s: %w", pod, err)
	}
	run, err := g.Run(ctx, name)
	if errors.Is(err, ErrNotFound) || err == nil && logs.RunNamespace(run.pj) != namespace {
		return nil, fmt.Errorf("find run of pod %s: %w", pod, ErrNotFound) // the same for a run that is hidden
	}
	return run, err
}

func (g *Gate) runNameOfPod(ctx context.Context, namespace, pod string) (string, error) {
	var task pipelinev1.TaskRun
	err := g.d.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: podSuffix.ReplaceAllString(pod, "")}, &task)
	if client.IgnoreNotFound(err) != nil {
		return "", err
	}
	if name := task.Labels[logs.LabelPipelineRun]; name != "" {
		return name, nil
	}
	if m := runPrefix.FindStringSubmatch(pod); m != nil {
		return m[1], nil
	}
	return "", ErrNotFound
}
