package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
)

func replay() *cobra.Command {
	var kubeconfig, namespace string
	cmd := &cobra.Command{
		Use:   "replay DELIVERY...",
		Short: "Gives dead letters all their attempts again",
		Long:  "Replays deliveries that failed for good. `kubectl get deliveries` lists them; their phase is Dead.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.Replay(cmd.Context(), kubeconfig, namespace, args)
		},
	}
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; the default is the pod's own, then $KUBECONFIG")
	cmd.Flags().StringVar(&namespace, "namespace", "default", "namespace of the deliveries: prowjob_namespace")
	return cmd
}
