package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
	"github.com/pharos-ci/pharos/pkg/config"
)

func check() *cobra.Command {
	var o app.CheckOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Checks a configuration to the line: errors, doubtful things, and what nothing acts on",
		Long: "Reads the configuration as the server does, strictly, builds the PipelineRun of every job, and looks for what loads and is\n" +
			"doubtful all the same. Prints one finding a line, file:line:col: error|warning: what (what to do), and exits with 1 if one\n" +
			"is an error.\n\nThe checks: " + app.CheckNames() + ".",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := app.Check(o, cmd.OutOrStdout())
			if errors.Is(err, app.ErrFindings) {
				return &exitError{code: 1}
			}
			return err
		},
	}
	jobFlags(cmd, &o.Config)
	f := cmd.Flags()
	f.BoolVar(&o.Check.Strict, "strict", false, "count warnings as errors")
	f.BoolVar(&o.Config.Lenient, "lenient", false, "count unknown keys, outside of Pharos's own stanzas, as warnings")
	f.StringSliceVar(&o.Check.Warnings, "warnings", nil, "only these checks")
	f.StringSliceVar(&o.Check.Exclude, "exclude-warning", nil, "all checks but these")
	f.StringSliceVar(&o.Check.RequiredJobAnnotations, "required-job-annotations", nil, "annotations that every job must have")
	f.StringVarP(&o.Output, "output", "o", "text", "text or json")
	f.StringVar(&o.PrintSchema, "print-schema", "", "print the JSON Schema of a file instead: config, jobs or plugins")
	f.Lookup("print-schema").NoOptDefVal = config.SchemaConfig
	return cmd
}
