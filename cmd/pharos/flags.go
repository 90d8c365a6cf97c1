package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/config"
)

// configFlags are the flags that name the configuration, called as Prow calls them.
func configFlags(cmd *cobra.Command, paths *config.Paths) {
	jobFlags(cmd, paths)
	paths.Plugins = "plugins.yaml"
	plugins := cmd.Flags().Lookup("plugin-config")
	plugins.DefValue = paths.Plugins
}

// jobFlags are the same for a tool that can do without plugins.
func jobFlags(cmd *cobra.Command, paths *config.Paths) {
	f := cmd.Flags()
	f.StringVar(&paths.Config, "config-path", "config.yaml", "Prow's config.yaml with the connections")
	f.StringVar(&paths.Jobs, "job-config-path", "", "file or folder with more jobs")
	f.StringVar(&paths.Plugins, "plugin-config", "", "Prow's plugins.yaml")
	f.StringArrayVar(&paths.SupplementalConfigs, "supplemental-prow-config-dir", nil, "folder with files that add to config.yaml; may be given several times")
	f.StringVar(&paths.ConfigSuffix, "supplemental-prow-configs-filename-suffix", "_prowconfig.yaml", "ending of these files")
	f.StringArrayVar(&paths.SupplementalPlugins, "supplemental-plugin-config-dir", nil, "folder with files that add to plugins.yaml; may be given several times")
	f.StringVar(&paths.PluginSuffix, "supplemental-plugins-filename-suffix", "_pluginconfig.yaml", "ending of these files")
}

// required marks a flag that has no sensible default.
func required(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag is not defined: the program is wrong
	}
}
