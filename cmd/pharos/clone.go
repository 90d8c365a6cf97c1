package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/supervisor"
)

func clone() *cobra.Command {
	var place string
	cmd := &cobra.Command{
		Use:   "clone",
		Short: "Checks out what a job tests; the first step of its pods",
		Long:  "Reads the checkout from $PHAROS_CLONE, fetches each base and merges every pull request head onto it.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if place != "" {
				if err := supervisor.Place(place); err != nil {
					return &exitError{code: git.ExitFault, error: err}
				}
			}
			err := git.RunClone(cmd.Context(), os.Getenv, cmd.OutOrStdout())
			// The records tell most when the checkout failed; their loss is no reason to fail it.
			if lost := sendRecords(cmd.Context()); lost != nil {
				cmd.PrintErrln("pharos: upload clone records:", lost)
			}
			if err != nil {
				return &exitError{code: git.ExitCode(err), error: err}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&place, "place", "", "copy this program to a file first, for the other containers of the pod")
	return cmd
}

// sendRecords uploads clone-records.json where the order says so and there are any.
func sendRecords(ctx context.Context) error {
	order, err := supervisor.ReadOrder(os.Getenv)
	if err != nil || order.Upload.URL == "" {
		return err
	}
	file, err := git.RecordsFile(os.Getenv)
	if err != nil || file == "" {
		return err
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return supervisor.SendFile(ctx, order.Upload, "clone-records.json", file)
}
