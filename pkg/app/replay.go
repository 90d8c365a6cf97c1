package app

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/inbox"
)

// Replay gives dead letters all their attempts again.
func Replay(ctx context.Context, kubeconfig, namespace string, deliveries []string) error {
	cfg, err := restConfig(kubeconfig)
	if err != nil {
		return err
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("open the cluster: %w", err)
	}
	box := inbox.New(c, namespace, nil)
	for _, name := range deliveries {
		if err := box.Replay(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
