package history

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// SetVersion marks a closed file as another version's.
func SetVersion(t *testing.T, file string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(fmt.Sprint("PRAGMA user_version = ", n)); err != nil {
		t.Fatal(err)
	}
}

// Plans are the query plans of a question, one line a step.
func (s *Store) Plans(t *testing.T, f Filter, v Visible) map[string]string {
	t.Helper()
	scope, err := newScope(f, v)
	if err != nil {
		t.Fatal(err)
	}
	plans := map[string]string{"heads": s.plan(t, headQuery, "[1]"), "points": s.plan(t, pointQuery, "[1]")}
	plans["name"], plans["path"] = s.plan(t, getQuery+"r.name = ?", "x"), s.plan(t, getQuery+"r.path = ?", "x")
	if len(scope.terms) > 0 {
		query, args := scope.termQuery(50)
		plans["terms"] = s.plan(t, query, args...)
	} else if scope.seen != "" {
		plans["seen"] = s.plan(t, scope.tables+scope.seen, scope.args...)
	}
	return plans
}

func (s *Store) plan(t *testing.T, query string, args ...any) string {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
