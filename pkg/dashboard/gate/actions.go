package gate

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
)

// ErrForgotten is a run of which no longer is known what it ran.
var ErrForgotten = errors.New("what it ran is not known any more; run it as it is configured now, or comment its rerun command")

// Launcher stores a new run.
type Launcher interface {
	Launch(ctx context.Context, run *v1alpha1.PipelineJob) error
}

// ClusterActions acts on objects of the cluster.
type ClusterActions struct {
	Client    client.Client
	Namespace string
	Launcher  Launcher
	BuildIDs  job.BuildIDs
	// Jobs are those that are configured now.
	Jobs func() *job.Set
	// ReplayDelivery gives a dead letter its attempts again.
	ReplayDelivery func(ctx context.Context, name string) error
}

var _ Actions = (*ClusterActions)(nil)

// Rerun implements Actions: the new run says who wanted it.
func (c *ClusterActions) Rerun(ctx context.Context, of *v1alpha1.PipelineJob, mode RerunMode, by *login.User) (string, error) {
	pj, err := c.again(of, mode)
	if err != nil {
		return "", fmt.Errorf("rerun %s: %w", of.Name, err)
	}
	if pj.Annotations == nil {
		pj.Annotations = map[string]string{}
	}
	pj.Annotations[access.AnnotationRerunBy] = access.By(by)
	pj.Annotations[access.AnnotationRerunOf] = of.Name
	if err := c.Launcher.Launch(ctx, pj); err != nil {
		return "", fmt.Errorf("rerun %s: %w", of.Name, err)
	}
	return pj.Name, nil
}

func (c *ClusterActions) again(of *v1alpha1.PipelineJob, mode RerunMode) (*v1alpha1.PipelineJob, error) {
	switch {
	case mode == RerunLatest:
		return job.AgainToday(c.Jobs(), of, c.BuildIDs.Next())
	case of.Spec.PodSpec == nil && of.Spec.PipelineRunSpec == nil:
		return nil, ErrForgotten
	default:
		return job.Again(of, c.BuildIDs.Next()), nil
	}
}

// Abort implements Actions. A run that is being aborted already stays so for the reason of then.
func (c *ClusterActions) Abort(ctx context.Context, run *v1alpha1.PipelineJob, reason string) error {
	pj := &v1alpha1.PipelineJob{}
	err := c.Client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: run.Name}, pj)
	switch {
	case apierrors.IsNotFound(err), err == nil && pj.Status.State.Terminal():
		return fmt.Errorf("abort %s: %w", run.Name, ErrOver)
	case err != nil:
		return fmt.Errorf("abort %s: %w", run.Name, err)
	case pj.Spec.Abort != "":
		return nil
	}
	changed := pj.DeepCopy()
	changed.Spec.Abort = reason
	if err := c.Client.Patch(ctx, changed, client.MergeFrom(pj)); err != nil {
		return fmt.Errorf("abort %s: %w", run.Name, err)
	}
	return nil
}

// Replay implements Actions.
func (c *ClusterActions) Replay(ctx context.Context, delivery string) error {
	return c.ReplayDelivery(ctx, delivery)
}
