package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/config"
)

// configFlags are the flags that name the configuration, called as Prow calls them.
func configFlags(cmd *cobra.Command, paths *config.Paths) {
	f := cmd.Flags()
	f.StringVar(&paths.Config, "config-path", "config.yaml", "Prow's config.yaml with the connections")
	f.StringVar(&paths.Jobs, "job-config-path", "", "file or folder with more jobs")
	f.StringVar(&paths.Plugins, "plugin-config", "plugins.yaml", "Prow's plugins.yaml")
}
