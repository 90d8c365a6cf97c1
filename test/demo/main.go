// Command demo shows the main job on this machine: it starts the local cluster, Gitea, the S3 server and Pharos, opens one
// pull request that passes and one that fails, says where to look, and stays up until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pharos-ci/pharos/test/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := &demo{started: time.Now()}
	flag.StringVar(&d.root, "root", filepath.Join(os.TempDir(), "pharos-demo"), "folder of everything that the demo starts")
	flag.StringVar(&d.kubeconfig, "kubeconfig", "", "an existing cluster with Tekton, instead of the local one; its nodes must reach this machine's loopback")
	flag.StringVar(&d.forge, "forge", "gitea", "gitea for a real Gitea; "+strings.Join(harness.ForgeKinds[1:], ", ")+" for a simulated forge of that kind")
	down := flag.Bool("down", false, "end a running demo and remove everything of it")
	flag.Parse()
	run := d.run
	if *down {
		run = d.down
	}
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

type demo struct {
	root, kubeconfig, forge string
	started                 time.Time
	site                    *harness.Site
	passed, failed          *harness.Pull
	closeForge              func()
}

// step runs one part and says how long it took.
func (d *demo) step(what string, f func() error) error {
	start := time.Now()
	fmt.Printf("--> %s\n", what)
	if err := f(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Printf("    %s: %.1f s\n", what, time.Since(start).Seconds())
	return nil
}

func (d *demo) run(ctx context.Context) error {
	for _, s := range []struct {
		what string
		do   func() error
	}{
		{"start the cluster, Tekton, Gitea and S3", func() error { return d.cluster(ctx, "up", "--parts", d.parts()) }},
		{"assemble Pharos's image and load it", func() error { return d.image(ctx) }},
		{"prepare a team's organisation, repository, webhook and bucket, and start Pharos", func() error { return d.open(ctx) }},
		{"open a pull request that passes", func() error { return d.passing(ctx) }},
		{"open a pull request that fails", func() error { return d.failing(ctx) }},
	} {
		if err := d.step(s.what, s.do); err != nil {
			return errors.Join(err, d.close())
		}
	}
	d.tell()
	<-ctx.Done()
	fmt.Println("\nPharos stops; `make demo-down` removes the rest.")
	return d.close()
}

func (d *demo) close() error {
	if d.site == nil {
		return nil
	}
	defer d.closeForge()
	return d.site.Pharos.Stop()
}

func (d *demo) parts() string {
	if d.kubeconfig != "" {
		return "gitea,s3"
	}
	return "all"
}

// cluster runs the local cluster's command and shows what it says.
func (d *demo) cluster(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(harness.Root(), "bin", "cluster"), append(args, "--root", d.root)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func (d *demo) image(ctx context.Context) error {
	if d.kubeconfig != "" {
		return nil // that cluster pulls $PHAROS_IMAGE by itself
	}
	bin := filepath.Join(harness.Root(), "bin")
	tar := filepath.Join(bin, "pharos-image.tar")
	build := exec.CommandContext(ctx, filepath.Join(bin, "cluster"), "image", "--binary", filepath.Join(bin, "pharos"), "--tag", os.Getenv("PHAROS_IMAGE"), "-o", tar)
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	return d.cluster(ctx, "load-image", tar)
}

// down ends the demo whose process id was written down, if it is still that process, and then the cluster.
func (d *demo) down(ctx context.Context) error {
	if pid, ok := d.recorded(); ok {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			return fmt.Errorf("end the demo: %w", err)
		}
		err := harness.Until(ctx, time.Minute, "the demo to end", func() (bool, string) {
			_, running := d.recorded()
			return !running, fmt.Sprint("process ", pid)
		})
		if err != nil {
			return err
		}
	}
	return d.cluster(ctx, "down")
}
