package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/git"
)

func clone() *cobra.Command {
	return &cobra.Command{
		Use:   "clone",
		Short: "Checks out what a job tests; the first step of its pods",
		Long:  "Reads the checkout from $PHAROS_CLONE, fetches each base and merges every pull request head onto it.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := git.RunClone(cmd.Context(), os.Getenv, cmd.OutOrStdout()); err != nil {
				return &exitError{code: git.ExitCode(err), error: err}
			}
			return nil
		},
	}
}
