package inbox

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Expiry removes finished deliveries after their time: the processed ones are explanations, the dead ones still owe work.
type Expiry struct {
	Client    client.Client
	Namespace string
	// Processed and Dead are how long each kind is kept after it finished.
	Processed, Dead time.Duration
	// Every is the pause between two sweeps.
	Every time.Duration
}

// Start sweeps until ctx ends.
func (e *Expiry) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := e.Sweep(ctx, time.Now()); err != nil {
			log.FromContext(ctx).Error(err, "expired deliveries stay until the next sweep")
		}
	}, e.Every)
	return nil
}

// NeedLeaderElection keeps two sweepers from working at once.
func (*Expiry) NeedLeaderElection() bool { return true }

// Sweep removes what has expired at now.
func (e *Expiry) Sweep(ctx context.Context, now time.Time) error {
	var list v1alpha1.DeliveryList
	if err := e.Client.List(ctx, &list, client.InNamespace(e.Namespace)); err != nil {
		return fmt.Errorf("list deliveries: %w", err)
	}
	for i := range list.Items {
		d := &list.Items[i]
		if !e.expired(d, now) {
			continue
		}
		if err := client.IgnoreNotFound(e.Client.Delete(ctx, d)); err != nil {
			return fmt.Errorf("delete delivery %s: %w", d.Name, err)
		}
	}
	return nil
}

func (e *Expiry) expired(d *v1alpha1.Delivery, now time.Time) bool {
	if !d.Status.Phase.Finished() || d.Status.FinishedAt == nil {
		return false
	}
	keep := e.Processed
	if d.Status.Phase == v1alpha1.DeliveryDead {
		keep = e.Dead
	}
	return now.Sub(d.Status.FinishedAt.Time) > keep
}
