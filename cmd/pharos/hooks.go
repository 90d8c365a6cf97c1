package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
)

func hooksCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "hooks", Short: "Looks after the webhooks on the forges", Args: cobra.NoArgs}
	cmd.AddCommand(hooksSync())
	return cmd
}

func hooksSync() *cobra.Command {
	var o app.HookOptions
	cmd := &cobra.Command{
		Use:   "sync --url URL",
		Short: "Creates and repairs the webhooks of everything that the configuration serves",
		Long: `Prints a plan, one line for each webhook, and carries it out. Webhooks of other tools are left alone.

To change a webhook secret without a gap: put the new one in front of the old one in webhook_secret_files, let Pharos load
it, run this command with --rotate, and then remove the old one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return app.SyncHooks(cmd.Context(), o, cmd.OutOrStdout()) },
	}
	configFlags(cmd, &o.Config)
	f := cmd.Flags()
	f.StringVar(&o.URL, "url", "", "address at which the forges reach Pharos: https://pharos.example.com")
	f.StringSliceVar(&o.Connections, "connection", nil, "work on these connections only")
	f.BoolVar(&o.DryRun, "dry-run", false, "print the plan and change nothing")
	f.BoolVar(&o.Rotate, "rotate", false, "set the secret anew on every webhook: the first of webhook_secret_files")
	required(cmd, "url")
	return cmd
}
