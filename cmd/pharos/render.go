package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
)

func render() *cobra.Command {
	var o app.RenderOptions
	cmd := &cobra.Command{
		Use:   "render --job NAME",
		Short: "Prints the PipelineRun that a job becomes",
		Long: "Builds the PipelineRun by the code that runs it, from the configuration alone. The same input gives the same bytes.\n" +
			"A presubmit without --pull is shown for an invented pull request.",
		Example: `  pharos render --job unit --repo acme/app --pull 7:0f3c2e1:ann --base-sha 91ab20d
  pharos render --job nightly`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return app.Render(o, cmd.OutOrStdout()) },
	}
	jobFlags(cmd, &o.Config)
	f := cmd.Flags()
	f.StringVar(&o.Job, "job", "", "name of the job")
	f.StringVar(&o.Repo, "repo", "", "repository, org/repo or connection:org/repo; none for a periodic job")
	f.StringArrayVar(&o.Pulls, "pull", nil, "pull request under test, NUMBER:SHA:AUTHOR; several make a batch")
	f.StringVar(&o.BaseRef, "base-ref", "main", "branch that is tested, or that the pull requests go to")
	f.StringVar(&o.BaseSHA, "base-sha", "", "commit of that branch")
	f.StringVar(&o.BuildID, "build-id", "1", "number of the run")
	f.StringVar(&o.Pipeline.Image, "image", "pharos", "Pharos's own image, which runs the clone step of decorated jobs")
	f.StringVar(&o.Pipeline.DashboardURL, "url", "", "page of the run on the dashboard")
	required(cmd, "job")
	return cmd
}
