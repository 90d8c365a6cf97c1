package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Put notes runs as they are now, all or none of them. Of two reports of one run, by name, the one that knows more wins,
// in whatever order they come: an end over none, a complete archive over none, then the newer resource version. It keeps
// the runs for subscribers: do not change them afterwards.
func (s *Store) Put(ctx context.Context, jobs ...*v1alpha1.PipelineJob) error {
	rows := make([]*row, len(jobs))
	for i, job := range jobs {
		var err error
		if rows[i], err = encode(job); err != nil {
			return fmt.Errorf("put run: %w", err)
		}
	}
	return s.change(ctx, "put runs", func(tx *sql.Tx, d *delta) ([]Change, error) {
		var changes []Change
		for _, r := range rows {
			changed, err := putRow(ctx, tx, d, r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			if changed {
				changes = append(changes, Change{Run: r.shown})
			}
		}
		return changes, nil
	})
}

// Delete removes runs by name; those that are not there are removed already.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	return s.change(ctx, "delete runs", func(tx *sql.Tx, d *delta) ([]Change, error) {
		var changes []Change
		for _, name := range names {
			job, err := deleteRow(ctx, tx, d, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if job != nil {
				changes = append(changes, Change{Run: job, Gone: true})
			}
		}
		return changes, sweepSeries(ctx, tx)
	})
}

// deleteRow returns what was there, or nil.
func deleteRow(ctx context.Context, tx *sql.Tx, d *delta, name string) (*v1alpha1.PipelineJob, error) {
	stored, err := known(ctx, tx, name)
	if err != nil || !stored.there {
		return nil, err
	}
	job, err := decode(stored.head, nil)
	if err != nil {
		return nil, err
	}
	d.remove(stored.id)
	_, err = tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ?", stored.id)
	return job, err
}

// sweepSeries forgets what no run has any more.
func sweepSeries(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		"DELETE FROM authors WHERE series IN (SELECT id FROM series WHERE runs = 0)",
		"DELETE FROM needs WHERE series IN (SELECT id FROM series WHERE runs = 0)",
		"DELETE FROM series WHERE runs = 0",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// change runs one transaction and tells its changes in the order of commits.
func (s *Store) change(ctx context.Context, what string, edit func(*sql.Tx, *delta) ([]Change, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	d := newDelta()
	changes, err := edit(tx, d)
	if err != nil {
		return fmt.Errorf("%s: %w", what, errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.timeline.apply(d)
	s.watchers.tell(changes)
	return nil
}

// putRow is false when what is there knows as much.
func putRow(ctx context.Context, tx *sql.Tx, d *delta, r *row) (bool, error) {
	stored, err := known(ctx, tx, r.name)
	if err != nil {
		return false, err
	}
	if stored.there {
		if !r.wins(stored) {
			return false, nil
		}
		d.remove(stored.id)
		if _, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ?", stored.id); err != nil {
			return false, err
		}
	}
	m := mark{state: uint8(r.state)}
	if m.id, err = freePlace(ctx, tx, r.place); err != nil {
		return false, err
	}
	if m.series, err = seriesOf(ctx, tx, r.series); err != nil {
		return false, err
	}
	d.add(m)
	return true, insert(ctx, tx, m, r)
}

// stored is what decides between two reports.
type stored struct {
	there    bool
	id       int64
	state    int
	archived bool
	revision int64
	head     []byte
}

func known(ctx context.Context, tx *sql.Tx, name string) (stored, error) {
	s := stored{there: true}
	err := tx.QueryRowContext(ctx,
		"SELECT r.id, r.state, r.archived, r.revision, o.head FROM runs r JOIN objects o ON o.run = r.id WHERE r.name = ?", name).
		Scan(&s.id, &s.state, &s.archived, &s.revision, &s.head)
	if errors.Is(err, sql.ErrNoRows) {
		return stored{}, nil
	}
	return s, err
}

// wins says whether a report replaces the stored one. The same object again does not.
func (r *row) wins(s stored) bool {
	ended, storedEnded := states[r.state].Terminal(), states[s.state].Terminal()
	switch {
	case ended != storedEnded:
		return ended
	case r.archived != s.archived:
		return r.archived
	case int64(r.revision) != s.revision:
		return int64(r.revision) > s.revision
	}
	return r.revision == 0 && string(r.head) != string(s.head)
}

// freePlace is place or, where another run has it, the next free one.
func freePlace(ctx context.Context, tx *sql.Tx, place int64) (int64, error) {
	for ; ; place++ {
		var taken bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?)", place).Scan(&taken); err != nil || !taken {
			return place, err
		}
	}
}

func insert(ctx context.Context, tx *sql.Tx, m mark, r *row) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO runs (id, series, state, name, path, archived, revision, sha, began, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		m.id, m.series, m.state, r.name, r.path, r.archived, int64(r.revision), r.sha, r.began, r.ended)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO objects (run, head, rest) VALUES (?, ?, ?)", m.id, r.head, r.rest); err != nil {
		return err
	}
	for _, term := range r.terms {
		if _, err := tx.ExecContext(ctx, "INSERT INTO terms (term, run) VALUES (?, ?)", term, m.id); err != nil {
			return err
		}
	}
	for _, author := range r.authors {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO authors (author, series) VALUES (?, ?)", author, m.series); err != nil {
			return err
		}
	}
	return nil
}

// seriesOf finds a series, or makes it.
func seriesOf(ctx context.Context, tx *sql.Tx, s series) (int32, error) {
	needs, err := json.Marshal(s.needs)
	if err != nil {
		return 0, err
	}
	var id int32
	err = tx.QueryRowContext(ctx, "SELECT id FROM series WHERE connection = ? AND repo = ? AND job = ? AND type = ? AND needs = ?",
		s.connection, s.repo, s.job, s.kind, string(needs)).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	err = tx.QueryRowContext(ctx, "INSERT INTO series (connection, repo, job, type, needs) VALUES (?, ?, ?, ?, ?) RETURNING id",
		s.connection, s.repo, s.job, s.kind, string(needs)).Scan(&id)
	if err != nil {
		return 0, err
	}
	for _, repo := range s.needs {
		if _, err := tx.ExecContext(ctx, "INSERT INTO needs (series, repo) VALUES (?, ?)", id, repo); err != nil {
			return 0, err
		}
	}
	return id, nil
}
