package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// Redeliver asks the forge to send again what did not arrive at our hooks since a moment, and says how many deliveries
// that were. Asking too often does no harm: the inbox knows what it has.
func (i Installer) Redeliver(ctx context.Context, targets []scm.HookTarget, since time.Time) (int, error) {
	if !i.Client.Redelivery {
		return 0, scm.ErrUnsupported
	}
	ctx = transport.InBackground(ctx)
	asked := 0
	var failures []error
	for _, t := range targets {
		n, err := i.redeliver(ctx, t, since)
		asked += n
		if err != nil {
			failures = append(failures, fmt.Errorf("ask for redelivery on %v: %w", t, err))
		}
	}
	return asked, errors.Join(failures...)
}

func (i Installer) redeliver(ctx context.Context, t scm.HookTarget, since time.Time) (int, error) {
	have, err := i.Client.Hooks.List(ctx, t)
	if err != nil {
		return 0, err
	}
	asked := 0
	for _, h := range have {
		if !sameAddress(h.URL, i.Wish.URL) {
			continue
		}
		failed, err := i.Client.Hooks.Failed(ctx, t, h.ID, since)
		if err != nil {
			return asked, err
		}
		for _, f := range failed {
			if err := i.Client.Hooks.Redeliver(ctx, t, h.ID, f.ID); err != nil {
				return asked, err
			}
			asked++
		}
	}
	return asked, nil
}
