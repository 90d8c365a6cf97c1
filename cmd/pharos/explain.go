package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
)

func explain() *cobra.Command {
	var o app.ExplainOptions
	cmd := &cobra.Command{
		Use:   "explain --repo ORG/REPO",
		Short: "Says which jobs an event would start, and why the others would not start",
		Long:  "Decides as the server would, from the configuration alone: no cluster and no forge is asked. Jobs in the repository itself are not seen.",
		Example: `  pharos explain --repo acme/app --base main --changed go.mod,pkg/a.go
  pharos explain --repo acme/app --event comment --comment '/retest' --failed unit -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return app.Explain(o, cmd.OutOrStdout()) },
	}
	jobFlags(cmd, &o.Config)
	f := cmd.Flags()
	f.StringVar(&o.Repo, "repo", "", "repository: org/repo or connection:org/repo")
	f.StringVar(&o.Base, "base", "main", "branch that the pull request goes to, or that was pushed")
	f.StringVar(&o.Event, "event", "pull_request", "pull_request, push or comment")
	f.StringVar(&o.Comment, "comment", "", "text of the comment")
	f.StringSliceVar(&o.Changed, "changed", nil, "changed files")
	f.StringVar(&o.ChangedFile, "changed-file", "", "file that lists the changed files, one a line")
	f.StringSliceVar(&o.Labels, "labels", nil, "labels of the pull request")
	f.StringVar(&o.Author, "author", "trusted", "author of the pull request and the comment: trusted or untrusted")
	f.StringSliceVar(&o.Failed, "failed", nil, "contexts that failed; all others count as passed")
	f.StringVarP(&o.Output, "output", "o", "text", "text or json")
	required(cmd, "repo")
	return cmd
}

func jobs() *cobra.Command {
	var o app.JobsOptions
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Lists every job with its resolved fields and where it was written",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return app.Jobs(o, cmd.OutOrStdout()) },
	}
	jobFlags(cmd, &o.Config)
	cmd.Flags().StringVar(&o.Repo, "repo", "", "only this repository: org/repo or connection:org/repo")
	cmd.Flags().StringVarP(&o.Output, "output", "o", "text", "text or json")
	return cmd
}
