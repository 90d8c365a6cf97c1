package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/supervisor"
)

func run() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run -- COMMAND [ARG...]",
		Short: "Runs the process of a decorated job's container, in time, and uploads its artifacts",
		Long: "Reads how from $PHAROS_RUN. The process gets an interrupt when its time is over, and is killed after the grace period. Its\n" +
			"exit code is this command's, or 124 for a timeout, 127 if it cannot be started, 130 if it was stopped from outside.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			order, err := supervisor.ReadOrder(os.Getenv)
			if err != nil {
				return &exitError{code: supervisor.ExitNotStarted, error: err}
			}
			signals := make(chan os.Signal, 4)
			signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
			os.Exit(supervisor.Run(cmd.Context(), order, supervisor.Process{ // all was said
				Command: args, Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Signals: signals,
			}))
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}
