// Command pharos is the whole product in one binary: the server, the clone step of its jobs, and the tools of its operators.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set when the binary is linked.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		if silent := (*exitError)(nil); !errors.As(err, &silent) || silent.error != nil {
			fmt.Fprintln(os.Stderr, "pharos:", err)
		}
		stop()
		os.Exit(exitCode(err))
	}
}

// exitError ends the process with a code of its own; without an error, everything was said already.
type exitError struct {
	code int
	error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.error == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.error.Error()
}

// Unwrap gives the error that the code stands for.
func (e *exitError) Unwrap() error { return e.error }

func exitCode(err error) int {
	var own *exitError
	if errors.As(err, &own) {
		return own.code
	}
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "pharos",
		Short:         "Runs Tekton pipelines for pull requests on any forge",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serve(), check(), explain(), jobs(), render(), clone(), run(), replay(), hooksCommand(), logsCommand(), versionCommand())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Prints the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version)
			return err
		},
	}
}
