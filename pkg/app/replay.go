package app

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/inbox"
)

// Replay gives dead letters all their attempts again.
func Replay(ctx context.Context, kubeconfig, namespace string, deliveries []string) error {
	c, err := openCluster(kubeconfig)
	if err != nil {
		return err
	}
	box := inbox.New(c, namespace, nil)
	for _, name := range deliveries {
		if err := box.Replay(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// openCluster makes a client that reads and writes without a cache.
func openCluster(kubeconfig string) (client.Client, error) {
	cfg, err := restConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("open the cluster: %w", err)
	}
	return c, nil
}
