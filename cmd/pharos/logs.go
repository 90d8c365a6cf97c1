package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
)

func logsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "logs", Short: "Looks after the logs in the store", Args: cobra.NoArgs}
	cmd.AddCommand(logsVerify(), logsExpire())
	return cmd
}

func logsVerify() *cobra.Command {
	var o app.ArchiveOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Finds runs whose records or logs in the store are incomplete",
		Long: "Goes through every run in the store: records that never came, logs that are absent or of another size than noted, missing\n" +
			"indexes, live text behind the end, uploads that never ended, pointers to nothing. It reads listings, records and indexes,\n" +
			"no logs. Prints what is wrong and what to do, and exits with 1 if something is.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := app.VerifyLogs(cmd.Context(), o, cmd.OutOrStdout())
			if errors.Is(err, app.ErrFindings) {
				return &exitError{code: 1}
			}
			return err
		},
	}
	archiveFlags(cmd, &o)
	f := cmd.Flags()
	f.DurationVar(&o.Age, "age", 24*time.Hour, "how long after its last file a run without an end counts as unfinished")
	f.BoolVar(&o.Repair, "repair", false, "put right what can be")
	f.StringVarP(&o.Output, "output", "o", "text", "text or json")
	return cmd
}

func logsExpire() *cobra.Command {
	var o app.ArchiveOptions
	cmd := &cobra.Command{
		Use:   "expire",
		Short: "Lists the runs that storage.retention keeps no longer",
		Long:  "Lists the runs that the server removes from the store with its next pass, and why. Nothing is removed by this command.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.ExpiredLogs(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	archiveFlags(cmd, &o)
	return cmd
}

func archiveFlags(cmd *cobra.Command, o *app.ArchiveOptions) {
	configFlags(cmd, &o.Config)
	f := cmd.Flags()
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; the default is the pod's own, then $KUBECONFIG")
	f.BoolVar(&o.Offline, "offline", false, "do not ask the cluster which runs are live: none is")
}
