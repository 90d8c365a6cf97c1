package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/bucket"
	"github.com/pharos-ci/pharos/test/cluster/component"
	"github.com/pharos-ci/pharos/test/cluster/debian"
	"github.com/pharos-ci/pharos/test/cluster/forge"
	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/node"
	"github.com/pharos-ci/pharos/test/cluster/plan"
	"github.com/pharos-ci/pharos/test/cluster/state"
	"github.com/pharos-ci/pharos/test/cluster/tekton"
)

// Options say what to bring up.
type Options struct {
	Root string
	// Parts is a comma-separated list of part names, "api" or "all".
	Parts string
	Logs  node.Logs
}

// cluster is one instance while a command works on it.
type cluster struct {
	in    *instance.Instance
	cache component.Cache
	logs  node.Logs

	mu      sync.Mutex
	bins    map[string]string
	control *kube.Control
}

// Up starts the chosen parts that do not run yet, building and installing what they take, and returns when all are ready. Parts that
// run already stay as they are. After an error everything that did start goes on running: call Up again, or Down.
func Up(ctx context.Context, cache component.Cache, opts Options) (out state.Cluster, err error) {
	chosen, err := choose(opts.Parts)
	if err != nil {
		return state.Cluster{}, err
	}
	for _, p := range chosen {
		if p.name == node.Containerd && os.Geteuid() != 0 {
			return state.Cluster{}, errors.New("start containerd and pods: not root; --parts api works without")
		}
	}
	in, err := instance.Create(opts.Root)
	if err != nil {
		return state.Cluster{}, err
	}
	unlock, err := in.Lock(ctx, waiting(cache))
	if err != nil {
		return state.Cluster{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	c := &cluster{in: in, cache: cache, logs: opts.Logs, bins: map[string]string{}}
	report := func(name string, took time.Duration, err error) {
		if err != nil {
			cache.Say("%s: did not succeed after %v", name, took.Round(time.Millisecond))
			return
		}
		cache.Say("%s: ready in %v", name, took.Round(time.Millisecond))
	}
	if err := plan.Run(ctx, c.steps(chosen), report); err != nil {
		return state.Cluster{}, err
	}
	out, err = describe(in)
	if err != nil {
		return state.Cluster{}, err
	}
	return out, state.Write(out)
}

// steps turns parts into a plan: packages and builds first, builds one after the other as each uses all cores.
func (c *cluster) steps(chosen []part) []plan.Step {
	steps := []plan.Step{{Name: "packages", Run: func(ctx context.Context) error { return c.install(ctx, chosen) }}}
	previous := "packages"
	for _, comp := range component.Table() {
		if !slices.ContainsFunc(chosen, func(p part) bool { return p.component == comp.Name }) {
			continue
		}
		name := "build " + comp.Name
		steps = append(steps, plan.Step{Name: name, After: []string{previous}, Run: func(ctx context.Context) error {
			_, err := c.build(ctx, comp.Name)
			return err
		}})
		previous = name
	}
	for _, p := range chosen {
		after := append([]string{"packages", "build " + p.component}, p.needs...)
		if p.name == tekton.Controller {
			after = append(after, "tekton types")
		}
		steps = append(steps, plan.Step{Name: p.name, After: after, Run: func(ctx context.Context) error { return p.start(c, ctx) }})
	}
	if has(chosen, tekton.Controller) {
		steps = append(steps, plan.Step{
			Name: "tekton types", After: []string{kube.APIServer, "build " + component.Tekton}, Run: c.installTekton,
		})
	}
	if has(chosen, tekton.Controller) && has(chosen, node.Containerd) {
		steps = append(steps, plan.Step{
			Name: "tekton images", After: []string{node.Containerd, "build " + component.Tekton}, Run: c.importTekton,
		})
	}
	return steps
}

func has(list []part, name string) bool { return slices.Contains(partNames(list), name) }

func (c *cluster) install(ctx context.Context, chosen []part) error {
	var needs []debian.Need
	for _, p := range chosen {
		needs = append(needs, p.packages...)
	}
	missing := debian.Missing(needs)
	if len(missing) > 0 {
		c.cache.Say("packages: installing %s", strings.Join(missing, " "))
	}
	return debian.Install(ctx, missing)
}

// build returns the folder of a component's programs. Parts do not wait for builds that others need.
func (c *cluster) build(ctx context.Context, name string) (string, error) {
	c.mu.Lock()
	dir, ok := c.bins[name]
	c.mu.Unlock()
	if ok {
		return dir, nil
	}
	dir, err := c.cache.Get(ctx, name)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bins[name] = dir
	return dir, nil
}

// kube returns the control plane, whose keys are made on first use.
func (c *cluster) kube(ctx context.Context) (*kube.Control, error) {
	bin, err := c.build(ctx, component.Kubernetes)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.control != nil {
		return c.control, nil
	}
	if c.control, err = kube.New(c.in, bin); err != nil {
		return nil, fmt.Errorf("prepare control plane: %w", err)
	}
	return c.control, nil
}

func (c *cluster) startEtcd(ctx context.Context) error {
	k, err := c.kube(ctx)
	if err != nil {
		return err
	}
	return k.StartEtcd(ctx)
}

func (c *cluster) startAPIServer(ctx context.Context) error {
	k, err := c.kube(ctx)
	if err != nil {
		return err
	}
	return k.StartAPIServer(ctx)
}

func (c *cluster) startControllerManager(ctx context.Context) error {
	k, err := c.kube(ctx)
	if err != nil {
		return err
	}
	return k.StartControllerManager(ctx)
}

func (c *cluster) startScheduler(ctx context.Context) error {
	k, err := c.kube(ctx)
	if err != nil {
		return err
	}
	return k.StartScheduler(ctx)
}

func (c *cluster) startContainerd(ctx context.Context) error {
	n := node.Node{In: c.in}
	if err := n.StartContainerd(ctx); err != nil {
		return err
	}
	return c.in.Once("import basic images", func() error { return n.ImportBasics(ctx) })
}

func (c *cluster) startKubelet(ctx context.Context) error {
	k, err := c.kube(ctx)
	if err != nil {
		return err
	}
	bin, err := c.build(ctx, component.Kubernetes)
	if err != nil {
		return err
	}
	return node.Node{In: c.in, Control: k, Bin: bin, Logs: c.logs}.StartKubelet(ctx)
}

func (c *cluster) tekton(ctx context.Context) (tekton.Tekton, error) {
	k, err := c.kube(ctx)
	if err != nil {
		return tekton.Tekton{}, err
	}
	bin, err := c.build(ctx, component.Tekton)
	return tekton.Tekton{In: c.in, Control: k, Bin: bin}, err
}

func (c *cluster) installTekton(ctx context.Context) error {
	t, err := c.tekton(ctx)
	if err != nil {
		return err
	}
	return t.Install(ctx)
}

func (c *cluster) importTekton(ctx context.Context) error {
	t, err := c.tekton(ctx)
	if err != nil {
		return err
	}
	return c.in.Once("import images of "+t.Bin, func() error {
		images, err := t.Images()
		if err != nil {
			return err
		}
		return node.Node{In: c.in}.ImportOwn(ctx, "tekton", images)
	})
}

func (c *cluster) startTekton(ctx context.Context) error {
	t, err := c.tekton(ctx)
	if err != nil {
		return err
	}
	return t.StartController(ctx)
}

func (c *cluster) startGitea(ctx context.Context) error {
	bin, err := c.build(ctx, component.Gitea)
	if err != nil {
		return err
	}
	return forge.Gitea{In: c.in, Bin: bin}.Start(ctx)
}

func (c *cluster) startS3(ctx context.Context) error {
	bin, err := c.build(ctx, component.S3)
	if err != nil {
		return err
	}
	return bucket.Start(ctx, c.in, bin)
}
