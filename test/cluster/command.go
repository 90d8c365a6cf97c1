package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/test/cluster/component"
	"github.com/pharos-ci/pharos/test/cluster/image"
	"github.com/pharos-ci/pharos/test/cluster/lifecycle"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

func buildCommand() *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use: "build", Args: cobra.NoArgs,
		Short: "Build the programs that are missing in the cache ($PHAROS_CACHE)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := openCache()
			if err != nil {
				return err
			}
			for _, name := range only {
				dir, err := cache.Get(cmd.Context(), name)
				if err != nil {
					return err
				}
				cache.Say("%s: %s", name, dir)
			}
			return nil
		},
	}
	var all []string
	for _, c := range component.Table() {
		all = append(all, c.Name)
	}
	cmd.Flags().StringSliceVar(&only, "only", all, "components to build")
	return cmd
}

func upCommand(s *settings) *cobra.Command {
	opts := lifecycle.Options{}
	cmd := &cobra.Command{
		Use: "up", Args: cobra.NoArgs,
		Short: "Start the cluster and return when it is ready; what runs already stays",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := openCache()
			if err != nil {
				return err
			}
			opts.Root, opts.Logs = s.root, s.logs
			c, err := lifecycle.Up(cmd.Context(), cache, opts)
			if err != nil {
				return err
			}
			cache.Say("all ready, see %s", s.root)
			return show(cmd.OutOrStdout(), c, s.output)
		},
	}
	cmd.Flags().StringVar(&opts.Parts, "parts", "all", `parts to start: "api", "all" or a comma-separated list`)
	outputFlag(cmd, s)
	logFlags(cmd, s)
	return cmd
}

func downCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "down", Args: cobra.NoArgs,
		Short: "End the cluster and remove all it made but the build cache",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := openCache()
			if err != nil {
				return err
			}
			err = lifecycle.Down(cmd.Context(), cache, s.root)
			if errors.Is(err, state.ErrNone) {
				cache.Say("nothing is up at %s", s.root)
				return nil
			}
			if err != nil {
				return err
			}
			cache.Say("%s is gone; the build cache %s stays", s.root, cache.Root)
			return nil
		},
	}
}

func statusCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Args: cobra.NoArgs,
		Short: "Show which parts run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := lifecycle.Status(s.root)
			if err != nil {
				return err
			}
			if s.output == "" {
				s.output = "table"
			}
			return show(cmd.OutOrStdout(), c, s.output)
		},
	}
	outputFlag(cmd, s)
	return cmd
}

func stopCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "stop PART", Args: cobra.ExactArgs(1),
		Short: "Stop one part and keep its data",
		RunE: func(cmd *cobra.Command, args []string) error {
			cache, err := openCache()
			if err != nil {
				return err
			}
			return lifecycle.Stop(cmd.Context(), cache, s.root, args[0])
		},
	}
}

func startCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "start PART", Args: cobra.ExactArgs(1),
		Short: "Start a stopped part on the same port and with the same data",
		RunE: func(cmd *cobra.Command, args []string) error {
			cache, err := openCache()
			if err != nil {
				return err
			}
			return lifecycle.Start(cmd.Context(), cache, s.root, args[0], s.logs)
		},
	}
	logFlags(cmd, s)
	return cmd
}

func loadCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "load-image FILE.tar", Args: cobra.ExactArgs(1),
		Short: "Import an image archive into the cluster's containerd",
		RunE: func(cmd *cobra.Command, args []string) error {
			return lifecycle.LoadImage(cmd.Context(), s.root, args[0])
		},
	}
}

func imageCommand() *cobra.Command {
	var spec image.Spec
	cmd := &cobra.Command{
		Use: "image", Args: cobra.NoArgs,
		Short: "Make the pharos image from a static binary and Debian packages, without a registry",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := openCache()
			if err != nil {
				return err
			}
			if err := image.Build(cmd.Context(), cache, spec); err != nil {
				return err
			}
			cache.Say("wrote %s with %s", spec.Output, spec.Tag)
			return nil
		},
	}
	cmd.Flags().StringVar(&spec.Binary, "binary", "", "static Linux program that becomes /usr/local/bin/pharos")
	cmd.Flags().StringVar(&spec.Tag, "tag", "pharos.local/pharos:dev", "full image name")
	cmd.Flags().StringVar(&spec.User, "user", "", "default user, such as 65532:65532; root when empty")
	cmd.Flags().StringVarP(&spec.Output, "output", "o", "pharos.tar", "image archive to write")
	cobra.CheckErr(cmd.MarkFlagRequired("binary")) // errs only for an unknown flag
	return cmd
}

func outputFlag(cmd *cobra.Command, s *settings) {
	cmd.Flags().StringVarP(&s.output, "output", "o", "", `"json" prints the content of cluster.json`)
}

func logFlags(cmd *cobra.Command, s *settings) {
	cmd.Flags().StringVar(&s.logs.MaxSize, "container-log-max-size", os.Getenv("PHAROS_CONTAINER_LOG_MAX_SIZE"),
		"rotate container logs at this size, such as 64Ki ($PHAROS_CONTAINER_LOG_MAX_SIZE; kubelet default when empty)")
	cmd.Flags().IntVar(&s.logs.MaxFiles, "container-log-max-files", 0, "rotated files to keep per container (kubelet default when 0)")
}

func show(w io.Writer, c state.Cluster, format string) error {
	switch format {
	case "":
		return nil
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(c)
	case "table":
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, name := range slices.Sorted(maps.Keys(c.Parts)) {
			status := "stopped"
			if c.Parts[name].Running {
				status = fmt.Sprintf("running (%d)", c.Parts[name].PID)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", name, status, c.Parts[name].Log)
		}
		return table.Flush()
	}
	return fmt.Errorf("print as %q: only json is known", format)
}
