package history

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// scope is what a filter and a permission leave.
type scope struct {
	args  []any // named, of the statements below
	terms []string
	// states has a bit for each that is asked for.
	states uint
	// seen selects the series that are asked for, with its tables; empty is all.
	seen, tables string
	from, to     int64
}

func newScope(f Filter, v Visible) (*scope, error) {
	s := &scope{terms: f.terms(), states: f.states()}
	s.from, s.to = f.places()
	for i, term := range s.terms {
		s.arg(fmt.Sprint("term", i), term)
	}
	conditions := s.dimensions(f)
	if !v.All {
		keys, err := v.keys()
		if err != nil {
			return nil, fmt.Errorf("encode repositories: %w", err)
		}
		s.arg("repos", keys)
		s.tables = "WITH visible(repo) AS MATERIALIZED (SELECT value FROM json_each(@repos)) "
		conditions = append(conditions, "NOT EXISTS (SELECT 1 FROM needs n WHERE n.series = s.id AND n.repo NOT IN visible)")
	}
	if len(conditions) > 0 {
		s.seen = "SELECT s.id FROM series s WHERE " + strings.Join(conditions, " AND ")
	}
	return s, nil
}

// dimensions are the conditions on a series.
func (s *scope) dimensions(f Filter) []string {
	var conditions []string
	equal := func(column, value string) {
		if value != "" {
			s.arg(column, value)
			conditions = append(conditions, fmt.Sprintf("s.%s = @%s", column, column))
		}
	}
	equal("connection", f.Connection)
	equal("repo", f.Repo)
	if strings.Contains(f.Job, "*") {
		s.arg("job", strings.NewReplacer("[", "[[]", "?", "[?]").Replace(f.Job))
		conditions = append(conditions, "s.job GLOB @job")
	} else {
		equal("job", f.Job)
	}
	if len(f.Types) > 0 {
		var names []string
		for i, kind := range f.Types {
			name := fmt.Sprint("type", i)
			s.arg(name, string(kind))
			names = append(names, "@"+name)
		}
		conditions = append(conditions, "s.type IN ("+strings.Join(names, ", ")+")")
	}
	return conditions
}

func (s *scope) arg(name string, value any) { s.args = append(s.args, sql.Named(name, value)) }

// marks are the runs that are left, newest first; whoever needs only some says how many, or else 0.
func (s *Store) marks(ctx context.Context, scope *scope, limit int) (iter.Seq[mark], error) {
	if len(scope.terms) > 0 {
		query, args := scope.termQuery(limit)
		marks, err := queryMarks(ctx, s.read, query, args...)
		return slices.Values(marks), err
	}
	seen, err := s.seen(ctx, scope)
	if err != nil {
		return nil, err
	}
	return func(yield func(mark) bool) {
		for m := range s.timeline.newest(scope.from, scope.to) {
			if seen.has(m.series) && scope.states>>m.state&1 != 0 && !yield(m) {
				return
			}
		}
	}, nil
}

// seriesSet is by id; nil is all.
type seriesSet []bool

func (s seriesSet) has(id int32) bool { return s == nil || int(id) < len(s) && s[id] }

// seen resolves the filter and the permission to series.
func (s *Store) seen(ctx context.Context, scope *scope) (seriesSet, error) {
	if scope.seen == "" {
		return nil, nil
	}
	rows, err := s.read.QueryContext(ctx, scope.tables+scope.seen, scope.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	set := seriesSet{}
	for rows.Next() {
		var id int32
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		for int(id) >= len(set) {
			set = append(set, make(seriesSet, int(id)+1-len(set)+64)...)
		}
		set[id] = true
	}
	return set, rows.Err()
}

// termQuery yields the marks of the runs that have all the terms, newest first: those of the rarest are read.
func (s *scope) termQuery(limit int) (query string, args []any) {
	var b strings.Builder
	b.WriteString(s.tables + "SELECT r.id, r.series, r.state FROM terms t CROSS JOIN runs r ON r.id = t.run WHERE t.term = @term0 AND t.run >= @from AND t.run < @to")
	for i := 1; i < len(s.terms); i++ {
		fmt.Fprintf(&b, " AND EXISTS (SELECT 1 FROM terms x WHERE x.term = @term%d AND x.run = t.run)", i)
	}
	if s.seen != "" {
		b.WriteString(" AND r.series IN (" + s.seen + ")")
	}
	b.WriteString(" AND @states >> r.state & 1 ORDER BY t.run DESC")
	if limit > 0 {
		fmt.Fprintf(&b, " LIMIT %d", limit)
	}
	return b.String(), append(slices.Clone(s.args), sql.Named("from", s.from), sql.Named("to", s.to), sql.Named("states", int64(s.states)))
}
