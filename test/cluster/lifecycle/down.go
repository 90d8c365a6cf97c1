package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/pharos-ci/pharos/test/cluster/bucket"
	"github.com/pharos-ci/pharos/test/cluster/component"
	"github.com/pharos-ci/pharos/test/cluster/forge"
	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/node"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
	"github.com/pharos-ci/pharos/test/cluster/tekton"
)

// stopOrder stops what acts on others before what it acts on. Parts of one row stop at the same time.
var stopOrder = [][]string{
	{tekton.Controller, node.Kubelet, kube.Scheduler, kube.ControllerManager, forge.Part, bucket.Part},
	{node.Containerd, kube.APIServer},
	{kube.Etcd},
}

// Down ends everything the instance at root started and removes its root folder. The build cache stays. A root without an instance
// gives state.ErrNone.
func Down(ctx context.Context, cache component.Cache, root string) error {
	in, err := instance.Open(root)
	if err != nil {
		return err
	}
	unlock, err := in.Lock(ctx, waiting(cache))
	if err != nil {
		return err
	}
	for _, row := range stopOrder {
		if err := stopAll(ctx, in, row); err != nil {
			return errors.Join(err, unlock())
		}
	}
	err = clean(ctx, in)
	if err = errors.Join(err, unlock()); err != nil {
		return fmt.Errorf("clean up %s: %w", root, err)
	}
	if err := os.RemoveAll(root); err != nil {
		return fmt.Errorf("remove root: %w", err)
	}
	return nil
}

func stopAll(ctx context.Context, in *instance.Instance, names []string) error {
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { errs[i] = in.Stop(ctx, name) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func clean(ctx context.Context, in *instance.Instance) error {
	if _, err := os.Stat(in.Path("containerd")); err == nil {
		if err := node.Clean(ctx, in); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for a node: %w", err)
	}
	// Children that outlived a part, and parts whose start was cut off before it was recorded, still carry the mark.
	rest, err := process.WithEnv(in.Mark())
	if err != nil {
		return err
	}
	for _, id := range rest {
		if err := process.Kill(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends one part and leaves its data, so that Start brings it back as it was.
func Stop(ctx context.Context, cache component.Cache, root, name string) error {
	return change(ctx, cache, root, func(in *instance.Instance) error {
		if in.Process(name).PID == 0 {
			return fmt.Errorf("stop %s: this cluster does not run it", name)
		}
		return in.Stop(ctx, name)
	})
}

// Start brings a stopped part back on its port and with its data, and returns when it is ready.
func Start(ctx context.Context, cache component.Cache, root, name string, logs node.Logs) error {
	return change(ctx, cache, root, func(in *instance.Instance) error {
		i := slices.IndexFunc(parts(), func(p part) bool { return p.name == name })
		if i < 0 || in.Process(name).PID == 0 {
			return fmt.Errorf("start %s: this cluster does not run it", name)
		}
		c := &cluster{in: in, cache: cache, logs: logs, bins: map[string]string{}}
		return parts()[i].start(c, ctx)
	})
}

func waiting(cache component.Cache) func() {
	return func() { cache.Say("another command works on this cluster, waiting") }
}

// change works on an instance under its lock and writes its state afterwards.
func change(ctx context.Context, cache component.Cache, root string, work func(*instance.Instance) error) (err error) {
	in, err := instance.Open(root)
	if err != nil {
		return err
	}
	unlock, err := in.Lock(ctx, waiting(cache))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := work(in); err != nil {
		return err
	}
	now, err := describe(in)
	if err != nil {
		return err
	}
	return state.Write(now)
}

// LoadImage imports an image archive into the cluster's containerd.
func LoadImage(ctx context.Context, root, file string) error {
	in, err := instance.Open(root)
	if err != nil {
		return err
	}
	if !in.Process(node.Containerd).Alive() {
		return errors.New("load image: this cluster runs no containerd")
	}
	return node.Node{In: in}.ImportImage(ctx, file)
}
