package component

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/lock"
)

const heartbeat = 20 * time.Second

// Cache is the folder of finished builds. One folder per component and stamp appears in it by rename, so what is there is complete.
type Cache struct {
	Root string
	// Say gets one progress line at a time.
	Say func(format string, args ...any)
}

// DefaultCache returns $PHAROS_CACHE, or a folder in the user's cache folder.
func DefaultCache() (string, error) {
	if dir := os.Getenv("PHAROS_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder: %w", err)
	}
	return filepath.Join(dir, "pharos-cluster"), nil
}

// Get returns the folder with the component's programs and builds them first when they are missing.
func (cache Cache) Get(ctx context.Context, name string) (string, error) {
	c, err := Find(name)
	if err != nil {
		return "", err
	}
	stamp, err := c.Stamp()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache.Root, c.Name, stamp)
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock.Take(ctx, filepath.Join(cache.Root, c.Name+".lock"), func() {
		cache.Say("%s: another command is building it, waiting", c.Name)
	})
	if err != nil {
		return "", err
	}
	if !exists(dir) {
		err = cache.build(ctx, c, dir)
	}
	if err = errors.Join(err, unlock()); err != nil {
		return "", fmt.Errorf("build %s: %w", c.Name, err)
	}
	return dir, nil
}

func (cache Cache) build(ctx context.Context, c Component, dir string) error {
	begin := time.Now()
	src, err := c.dir(ctx)
	if err != nil {
		return err
	}
	// Left by a build that was killed; the lock says that nobody else works here.
	tmp := filepath.Join(filepath.Dir(dir), "unfinished")
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("remove unfinished build: %w", err)
	}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return fmt.Errorf("create build folder: %w", err)
	}
	cache.Say("%s %s: building", c.Name, c.Version)
	if err := cache.compile(ctx, c, src, tmp); err != nil {
		return err
	}
	for _, folder := range c.Keep {
		if err := os.CopyFS(filepath.Join(tmp, folder), os.DirFS(filepath.Join(src, folder))); err != nil {
			return fmt.Errorf("keep %s: %w", folder, err)
		}
	}
	for _, link := range c.Links {
		if err := os.Symlink(c.Binary, filepath.Join(tmp, link)); err != nil {
			return fmt.Errorf("link %s: %w", link, err)
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("publish build: %w", err)
	}
	cache.Say("%s %s: built in %v", c.Name, c.Version, time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// compile runs the compiler and says every so often how far it is, so that a log shows life during the long builds.
func (cache Cache) compile(ctx context.Context, c Component, src, out string) error {
	target := out + string(filepath.Separator)
	if c.Binary != "" {
		target = filepath.Join(out, c.Binary)
	}
	args := append([]string{"build", "-v", "-trimpath"}, c.Flags...)
	args = append(append(args, "-o", target), c.Packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = src, goEnv(c.Env...)
	// The compiler's own children must end too, and it ends them when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var packages atomic.Int64
	progress := &countLines{count: func() { packages.Add(1) }}
	cmd.Stdout, cmd.Stderr = progress, progress

	done := make(chan struct{})
	go cache.beat(c.Name, &packages, done)
	err := cmd.Run()
	close(done)
	if err != nil {
		return fmt.Errorf("run go build in %s: %w\n%s", src, err, progress.text.String())
	}
	return nil
}

func (cache Cache) beat(name string, packages *atomic.Int64, done <-chan struct{}) {
	begin := time.Now()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			cache.Say("%s: still building, %v, %d packages compiled", name, time.Since(begin).Round(time.Second), packages.Load())
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
