package history

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/archive"
)

const (
	// loaders is how many runs of the bucket are read at once.
	loaders = 8
	// lostAfter is how long after it was made a run that is in no cluster and did not end is taken for lost.
	lostAfter = time.Hour
)

// Rebuild goes over the bucket once: runs that the index lacks, or has without their archive, are read, and runs that are
// neither there nor in the cluster are dropped. What was read stays when it is interrupted. It holds 8 bytes and a flag for
// each run. Without a bucket only the cluster counts.
func (f *Feed) Rebuild(ctx context.Context) error {
	f.progress.begin()
	defer f.progress.end()
	began := time.Now()
	pass := &rebuild{f: f, seed: maphash.MakeSeed()}
	err := pass.readKnown(ctx)
	if err == nil && f.Objects != nil {
		err = pass.load(ctx)
	}
	if err == nil {
		err = pass.drop(ctx, began)
	}
	if err != nil {
		return fmt.Errorf("read history from the bucket: %w", err)
	}
	return nil
}

// rebuild is one pass.
type rebuild struct {
	f     *Feed
	seed  maphash.Seed
	known map[uint64]knowledge // by the hash of a run's folder
}

// knowledge is what the index had of a folder at the begin of the pass, and whether the bucket has it.
type knowledge uint8

const (
	archived knowledge = 1 << iota
	found
)

func (p *rebuild) hash(folder string) uint64 { return maphash.String(p.seed, folder) }

func (p *rebuild) readKnown(ctx context.Context) error {
	p.known = map[uint64]knowledge{}
	rows, err := p.f.Store.read.QueryContext(ctx, "SELECT path, archived FROM runs WHERE path <> ''")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var folder string
		var complete bool
		if err := rows.Scan(&folder, &complete); err != nil {
			return err
		}
		k := p.known[p.hash(folder)]
		if complete {
			k |= archived
		}
		p.known[p.hash(folder)] = k
	}
	return rows.Err()
}

// load reads what is missing. The index is written by one hand, in batches; what was read before a failure is kept.
func (p *rebuild) load(ctx context.Context) error {
	jobs := make(chan *v1alpha1.PipelineJob, loaders)
	written := make(chan error, 1)
	go func() { written <- p.write(ctx, jobs) }()
	group, loading := errgroup.WithContext(ctx)
	group.SetLimit(loaders)
	for run, err := range archive.Walk(loading, p.f.Objects, p.f.Layout) {
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		k := p.known[p.hash(run.Path)]
		p.known[p.hash(run.Path)] = k | found
		if k&archived != 0 {
			continue
		}
		p.f.progress.add(0, 1)
		group.Go(func() error { return p.one(loading, run, jobs) })
	}
	err := group.Wait()
	close(jobs)
	return errors.Join(err, <-written)
}

func (p *rebuild) one(ctx context.Context, run archive.Run, jobs chan<- *v1alpha1.PipelineJob) error {
	job, err := p.read(ctx, run)
	switch {
	case errors.Is(err, archive.ErrNoRecord), errors.Is(err, archive.ErrUnreadable):
		log.FromContext(ctx).V(1).Info("a folder of the bucket is no run", "path", run.Path, "reason", err.Error())
		p.f.progress.add(1, 0)
		return nil
	case err != nil:
		return err
	}
	select {
	case jobs <- job:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read loads a run; one that can have no end any more gets one.
func (p *rebuild) read(ctx context.Context, run archive.Run) (*v1alpha1.PipelineJob, error) {
	job, err := archive.Load(ctx, p.f.Objects, p.f.Layout, run)
	if err != nil || job.Status.State.Terminal() || time.Since(timeOf(placeOf(job))) < lostAfter {
		return job, err
	}
	there, err := p.f.inCluster(ctx, job.Name)
	if err != nil || there {
		return job, err
	}
	return ended(job, v1alpha1.StateError, "its end was not recorded"), nil
}

// write empties jobs also when it fails.
func (p *rebuild) write(ctx context.Context, jobs <-chan *v1alpha1.PipelineJob) error {
	var failure error
	var batch []*v1alpha1.PipelineJob
	flush := func() {
		if failure == nil {
			failure = p.f.Store.Put(ctx, batch...)
		}
		p.f.progress.add(len(batch), 0)
		batch = batch[:0]
	}
	for job := range jobs {
		if batch = append(batch, job); len(batch) == putBatch {
			flush()
		}
	}
	flush()
	return failure
}

// drop removes what is neither in the bucket nor in the cluster, unless it came since the pass began.
func (p *rebuild) drop(ctx context.Context, began time.Time) error {
	rows, err := p.f.Store.read.QueryContext(ctx, "SELECT name, path FROM runs WHERE id < ? ORDER BY id", place(began))
	if err != nil {
		return err
	}
	defer rows.Close()
	var gone []string
	for rows.Next() {
		var name, folder string
		if err := rows.Scan(&name, &folder); err != nil {
			return err
		}
		if p.known[p.hash(folder)]&found != 0 {
			continue
		}
		there, err := p.f.inCluster(ctx, name)
		if err != nil {
			return err
		}
		if !there {
			gone = append(gone, name)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for names := range slices.Chunk(gone, putBatch) {
		if err := p.f.Store.Delete(ctx, names...); err != nil {
			return err
		}
	}
	return nil
}
