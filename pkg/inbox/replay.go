package inbox

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Replay gives a dead letter all its attempts again. Plugins that had finished stay finished. A processed delivery has no
// payload any more and answers an error that says so.
func (i *Inbox) Replay(ctx context.Context, name string) error {
	var d v1alpha1.Delivery
	if err := i.client.Get(ctx, client.ObjectKey{Namespace: i.namespace, Name: name}, &d); err != nil {
		return fmt.Errorf("read delivery %s: %w", name, err)
	}
	if d.Status.Phase != v1alpha1.DeliveryDead {
		return fmt.Errorf("replay delivery %s: it is %s; only dead letters keep their payload", name, d.Status.Phase)
	}
	before := d.DeepCopy()
	d.Status.Phase, d.Status.Attempts, d.Status.FinishedAt = v1alpha1.DeliveryPending, 0, nil
	if err := i.client.Patch(ctx, &d, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("replay delivery %s: %w", name, err)
	}
	return nil
}
