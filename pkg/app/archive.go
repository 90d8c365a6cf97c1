package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/archive"
	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// retention removes runs from the store that have been kept long enough.
func (s *server) retention(namespace string) *archive.Retention {
	return &archive.Retention{
		Store: s.store, Layout: layout(s.config.Current()), Every: sweepEvery,
		Policy: func() archive.Policy { return policy(s.config.Current().Storage.Retention) },
		Live: func(ctx context.Context) (func(string) bool, error) {
			return archive.Live(ctx, s.GetAPIReader(), namespace, layout(s.config.Current()))
		},
	}
}

// policy puts the rules for single jobs into order: the longest name that fits decides.
func policy(r config.Retention) archive.Policy {
	out := archive.Policy{Default: keep(r.Bounds)}
	names := slices.SortedFunc(maps.Keys(r.Jobs), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	for _, name := range names {
		out.Rules = append(out.Rules, archive.Rule{Job: name, Keep: keep(r.Jobs[name])})
	}
	return out
}

func keep(b config.Bounds) archive.Keep {
	return archive.Keep{Age: b.MaxAge.Duration, Count: b.MaxRuns}
}

// ArchiveOptions of `pharos logs`, one for each flag.
type ArchiveOptions struct {
	Config     config.Paths
	Kubeconfig string
	// Offline says that no run is live, without asking the cluster.
	Offline bool
	// Age and Repair are those of [archive.VerifyOptions]; Output is text or json.
	Age    time.Duration
	Repair bool
	Output string
}

// archived is the store and what is known of live runs.
type archived struct {
	config *config.Config
	store  storage.Store
	layout logs.Layout
	live   func(ctx context.Context) (func(string) bool, error)
}

func (o *ArchiveOptions) open(ctx context.Context) (*archived, error) {
	o.Config.Lenient = true // as the server reads it
	c, err := config.Load(o.Config)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, c.Storage)
	if err != nil {
		return nil, err
	}
	a := &archived{config: c, store: store, layout: layout(c)}
	a.live = func(context.Context) (func(string) bool, error) { return func(string) bool { return false }, nil }
	if o.Offline {
		return a, nil
	}
	cluster, err := openCluster(o.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("%w (--offline does without the cluster)", err)
	}
	a.live = func(ctx context.Context) (func(string) bool, error) {
		return archive.Live(ctx, cluster, c.ProwJobNamespace, a.layout)
	}
	return a, nil
}

// VerifyLogs prints what is wrong with the runs in the store. It answers ErrFindings if something is.
func VerifyLogs(ctx context.Context, o ArchiveOptions, out io.Writer) error {
	if o.Output != string(archive.Text) && o.Output != string(archive.JSON) {
		return fmt.Errorf("--output=%s: write text or json", o.Output)
	}
	a, err := o.open(ctx)
	if err != nil {
		return err
	}
	live, err := a.live(ctx)
	if err != nil {
		return err
	}
	findings := archive.Verify(ctx, a.store, a.layout, archive.VerifyOptions{Live: live, Age: o.Age, Repair: o.Repair})
	wrong, err := archive.Print(out, findings, archive.Format(o.Output))
	if err == nil && wrong > 0 {
		err = ErrFindings
	}
	return err
}

// ExpiredLogs prints the runs that the configuration keeps no longer.
func ExpiredLogs(ctx context.Context, o ArchiveOptions, out io.Writer) error {
	a, err := o.open(ctx)
	if err != nil {
		return err
	}
	r := &archive.Retention{
		Store: a.store, Layout: a.layout, Live: a.live, Policy: func() archive.Policy { return policy(a.config.Storage.Retention) },
	}
	for run, err := range r.Expired(ctx, time.Now()) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s: %s\n", run.Path, run.Reason); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}
