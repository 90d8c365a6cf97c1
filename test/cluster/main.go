// Command cluster runs a real Kubernetes, Tekton, Gitea and S3 on this machine's loopback, for Pharos' demo and its tests.
//
// It needs no container engine, no registry and, once everything is built, no network. See README.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/test/cluster/component"
	"github.com/pharos-ci/pharos/test/cluster/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		stop()
		os.Exit(1)
	}
}

// settings are the flags that several commands share.
type settings struct {
	root   string
	output string
	logs   node.Logs
}

func rootCommand() *cobra.Command {
	s := &settings{}
	cmd := &cobra.Command{
		Use:           "cluster",
		Short:         "A local Kubernetes with Tekton, Gitea and S3, all on loopback",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			s.root, err = filepath.Abs(s.root)
			return err
		},
	}
	cmd.PersistentFlags().StringVar(&s.root, "root", defaultRoot(), "folder of the cluster ($PHAROS_CLUSTER_ROOT)")
	cmd.AddCommand(buildCommand(), upCommand(s), downCommand(s), statusCommand(s), stopCommand(s), startCommand(s), loadCommand(s), imageCommand())
	return cmd
}

func defaultRoot() string {
	if root := os.Getenv("PHAROS_CLUSTER_ROOT"); root != "" {
		return root
	}
	return filepath.Join(os.TempDir(), "pharos-cluster")
}

// openCache returns the build cache. Progress goes to standard error, so that standard output holds only what -o asks for.
func openCache() (component.Cache, error) {
	root, err := component.DefaultCache()
	if err != nil {
		return component.Cache{}, err
	}
	begin := time.Now()
	return component.Cache{Root: root, Say: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}}, nil
}
