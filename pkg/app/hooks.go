package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/hooks"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// HookOptions of `pharos hooks sync`, one for each flag.
type HookOptions struct {
	Config config.Paths
	// URL is Pharos's own address as the forges reach it: https://pharos.example.com.
	URL string
	// Connections to work on; empty means all.
	Connections []string
	// DryRun prints the plan and changes nothing. Rotate sets the secret anew on every hook.
	DryRun, Rotate bool
}

// SyncHooks installs and repairs the webhooks that the configuration needs, after printing what it is going to do.
func SyncHooks(ctx context.Context, o HookOptions, out io.Writer) error {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" || base.User != nil {
		return fmt.Errorf("--url=%s: write the address at which the forges reach Pharos, like https://pharos.example.com", base.Redacted())
	}
	c, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	for _, name := range o.Connections {
		if _, ok := c.Connection(name); !ok {
			return fmt.Errorf("--connection=%s: config.yaml has no such connection", name)
		}
	}
	f, err := newForges(func() *config.Config { return c })
	if err != nil {
		return err
	}
	var failures []error
	for _, conn := range c.Connections {
		if len(o.Connections) > 0 && !slices.Contains(o.Connections, conn.Name) {
			continue
		}
		if err := f.syncHooks(ctx, conn.Name, o, out); err != nil {
			failures = append(failures, fmt.Errorf("connection %s: %w", conn.Name, err))
		}
	}
	return errors.Join(failures...)
}

func (f *forges) syncHooks(ctx context.Context, name string, o HookOptions, out io.Writer) error {
	i := f.installer(name, o.URL)
	i.Wish.Rotate = o.Rotate
	targets, failure := i.Targets(ctx, f.served(name))
	steps, err := i.Plan(ctx, targets)
	failures := []error{failure, err}
	for _, s := range steps {
		if _, err := fmt.Fprintln(out, s); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if o.DryRun || s.Do == hooks.Keep {
			continue
		}
		failures = append(failures, i.Apply(ctx, s))
	}
	return errors.Join(failures...)
}

// installer works on a configured connection, whose first webhook secret is the one that hooks sign with.
func (f *forges) installer(name, base string) hooks.Installer {
	conn := f.table.Load().byName[name]
	return hooks.Installer{Client: conn.client, Wish: hooks.Wish{NewHook: scm.NewHook{
		URL: strings.TrimRight(base, "/") + "/hook/" + name, Secret: string(conn.secrets[0]),
	}}}
}

// served is what the configuration is about on one connection.
func (f *forges) served(name string) []scm.HookTarget {
	return slices.DeleteFunc(f.current().Served(), func(t scm.HookTarget) bool { return t.Connection != name })
}
