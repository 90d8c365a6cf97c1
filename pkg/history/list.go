package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Sizes of a page.
const (
	defaultLimit = 50
	// MaxLimit is the largest page.
	MaxLimit = 1000
)

// Paging says which page of a list is wanted.
type Paging struct {
	// Before is the Next of the page before; empty is the first page.
	Before string
	// Limit is the number of runs: 0 means 50, and more than MaxLimit that.
	Limit int
}

// Page is a part of a list, newest first.
type Page struct {
	// Runs lack their labels, annotations, pod or pipeline spec, conditions and reports: [Store.Get] has them.
	Runs []*v1alpha1.PipelineJob
	// Next begins the page behind this one; empty is the end.
	Next string
}

// ErrPosition is returned for a Paging.Before that no page gave.
var ErrPosition = errors.New("not a position in a list of runs")

// List returns the runs that match, by build id, newest first. The page behind costs what the first one costs, and runs
// that come meanwhile shift nothing.
func (s *Store) List(ctx context.Context, f Filter, v Visible, p Paging) (Page, error) {
	page, err := s.list(ctx, f, v, p)
	if err != nil {
		return Page{}, fmt.Errorf("list runs: %w", err)
	}
	return page, nil
}

func (s *Store) list(ctx context.Context, f Filter, v Visible, p Paging) (Page, error) {
	scope, err := newScope(f, v)
	if err != nil {
		return Page{}, err
	}
	if p.Before != "" {
		before, err := strconv.ParseInt(p.Before, 10, 64)
		if err != nil {
			return Page{}, fmt.Errorf("%w: %q", ErrPosition, p.Before)
		}
		scope.to = min(scope.to, before)
	}
	limit := sizeOf(p.Limit)
	marks, err := s.marks(ctx, scope, limit+1)
	if err != nil {
		return Page{}, err
	}
	var page Page
	ids := make([]int64, 0, limit)
	for m := range marks {
		if len(ids) == limit {
			page.Next = strconv.FormatInt(ids[limit-1], 10)
			break
		}
		ids = append(ids, m.id)
	}
	page.Runs, err = s.heads(ctx, ids)
	return page, err
}

func sizeOf(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, MaxLimit)
}

// headQuery reads what lists show of runs, in the order of their ids.
const headQuery = "SELECT o.head FROM json_each(?) i CROSS JOIN objects o ON o.run = i.value"

// heads leaves out runs that have gone meanwhile.
func (s *Store) heads(ctx context.Context, ids []int64) ([]*v1alpha1.PipelineJob, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, headQuery, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	jobs := make([]*v1alpha1.PipelineJob, 0, len(ids))
	for rows.Next() {
		var head sql.RawBytes
		if err := rows.Scan(&head); err != nil {
			return nil, err
		}
		job, err := decode(head, nil)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, rows.Err()
}

// Get returns a whole run by name.
func (s *Store) Get(ctx context.Context, name string, v Visible) (*v1alpha1.PipelineJob, error) {
	return s.get(ctx, "r.name = ?", name, v)
}

// At returns a whole run by its folder in the bucket.
func (s *Store) At(ctx context.Context, path string, v Visible) (*v1alpha1.PipelineJob, error) {
	return s.get(ctx, "r.path = ?", path, v)
}

const getQuery = "SELECT o.head, o.rest FROM runs r CROSS JOIN objects o ON o.run = r.id WHERE "

func (s *Store) get(ctx context.Context, where, key string, v Visible) (*v1alpha1.PipelineJob, error) {
	var head, rest []byte
	err := s.read.QueryRowContext(ctx, getQuery+where+" ORDER BY r.id DESC LIMIT 1", key).Scan(&head, &rest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("get run %s: %w", key, ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("get run %s: %w", key, err)
	}
	job, err := decode(head, rest)
	if err != nil {
		return nil, fmt.Errorf("get run %s: %w", key, err)
	}
	if !v.Sees(job) {
		return nil, fmt.Errorf("get run %s: %w", key, ErrNotExist)
	}
	return job, nil
}
