package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/live"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// copiesAtOnce are the segments of one log that the store copies side by side.
const copiesAtOnce = 4

// joining is the upload of a log's final object. The store copies segments into it while the step runs, so that there is
// little left to do at its end. Nothing of it is durable knowledge: a process that takes over begins another.
type joining struct {
	upload storage.Upload
	group  *errgroup.Group
	ctx    context.Context //nolint:containedctx // of the copies, which are asked for one by one
	parts  int             // segments, from the first, that are parts or are becoming it
}

// beginJoin aborts what another process left open for the key, or still writes: that one begins again, and stores the same
// text.
func (s *Spool) beginJoin(ctx context.Context) (*joining, error) {
	if _, err := s.o.Store.AbortStale(ctx, s.o.Key, 0); err != nil {
		return nil, err
	}
	u, err := s.o.Store.Begin(ctx, s.o.Key, logs.LogOptions(s.enc.Info().Compressed))
	if err != nil {
		return nil, err
	}
	group, copying := errgroup.WithContext(ctx)
	group.SetLimit(copiesAtOnce)
	return &joining{upload: u, group: group, ctx: copying}, nil
}

// joinAhead has the store copy segments that are large enough, as many at once as it may. It is tried again with the next
// segment.
func (s *Spool) joinAhead(ctx context.Context) {
	if s.join == nil && s.chain[0].Stored >= storage.MinPart {
		s.join, _ = s.beginJoin(ctx) // without one, everything is copied at the end
	}
	if j := s.join; j != nil {
		for j.parts < s.sent && s.chain[j.parts].Stored >= storage.MinPart {
			if !j.group.TryGo(s.copyPart(j, j.parts)) {
				return
			}
			j.parts++
		}
	}
}

func (s *Spool) copyPart(j *joining, i int) func() error {
	from := s.o.Folder + s.chain[i].Name
	return func() error { return storage.CopyPart(j.ctx, s.o.Store, j.upload, i+1, from) }
}

// abandon ends an upload that is of no use.
func (j *joining) abandon(ctx context.Context) {
	_ = j.group.Wait()
	_ = j.upload.Abort(ctx) // what stays is aborted by who begins another
}

// putJoined stores a log that is all in segments. An upload that was begun while the step ran is tried once.
func (s *Spool) putJoined(ctx context.Context, t *slot, index string) (tries int, err error) {
	tail, err := s.closing(ctx, index)
	if err != nil {
		return 2, err
	}
	var missing error
	tries, err = s.o.Persist(ctx, "put log", func(ctx context.Context) error {
		j, ahead := s.join, s.join != nil
		s.join = nil
		if !ahead {
			if j, err = s.beginJoin(ctx); err != nil {
				return err
			}
		}
		err := s.complete(ctx, j, t, tail)
		if err != nil {
			j.abandon(ctx)
		}
		if errors.Is(err, storage.ErrNotExist) && !ahead {
			missing, err = fmt.Errorf("%w: %w", ErrAgain, err), nil
		}
		return err
	})
	return tries, errors.Join(err, missing)
}

// complete makes the parts that are missing: from the segments that are large enough by the store itself, from others
// through the slot.
func (s *Spool) complete(ctx context.Context, j *joining, t *slot, tail []byte) error {
	t.buf = t.buf[:0]
	number := j.parts + 1
	for i := j.parts; i < len(s.chain); i++ {
		if part := s.chain[i]; len(t.buf) > 0 || part.Stored < storage.MinPart {
			var err error
			if t.buf, err = s.appendObject(ctx, t.buf, part); err != nil {
				return err
			}
			if len(t.buf) < storage.MinPart {
				continue
			}
			if err := j.upload.Put(ctx, number, t.buf); err != nil {
				return err
			}
			t.buf = t.buf[:0]
		} else {
			n, from := number, s.o.Folder+part.Name
			j.group.Go(func() error { return storage.CopyPart(j.ctx, s.o.Store, j.upload, n, from) })
		}
		number++
	}
	if t.buf = append(t.buf, tail...); len(t.buf) > 0 {
		if err := j.upload.Put(ctx, number, t.buf); err != nil {
			return err
		}
	}
	if err := j.group.Wait(); err != nil {
		return err
	}
	return j.upload.Complete(ctx)
}

func (s *Spool) appendObject(ctx context.Context, buf []byte, part live.Segment) ([]byte, error) {
	object, err := s.o.Store.Get(ctx, s.o.Folder+part.Name, storage.Range{})
	if err != nil {
		return buf, err
	}
	n := len(buf)
	buf = slices.Grow(buf, int(part.Stored))[:n+int(part.Stored)]
	_, err = io.ReadFull(object.Body, buf[n:])
	return buf, errors.Join(err, object.Body.Close())
}
