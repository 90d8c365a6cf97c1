package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Field is what Values suggests values of.
type Field string

// Fields.
const (
	FieldConnection Field = "connection"
	FieldRepo       Field = "repo"
	FieldJob        Field = "job"
	FieldAuthor     Field = "author"
)

// ErrField is returned for a field that has no suggestions.
var ErrField = errors.New("no such field: use connection, repo, job or author")

// Asked is a question for values.
type Asked struct {
	Field Field
	// Prefix is compared without regard to the case of ASCII letters.
	Prefix string
	// Limit is the number of values: 0 means 50, and more than MaxLimit that.
	Limit int
}

// Values suggests values of a field, sorted, among the runs that Connection, Repo, Job and Types of the filter select; the
// field's own condition and all others are left aside. An author may be suggested for some time after his last run is
// gone.
func (s *Store) Values(ctx context.Context, a Asked, f Filter, v Visible) ([]string, error) {
	f = Filter{Connection: f.Connection, Repo: f.Repo, Job: f.Job, Types: f.Types}
	column := "s." + string(a.Field)
	switch a.Field {
	case FieldConnection:
		f.Connection = ""
	case FieldRepo:
		f.Repo = ""
	case FieldJob:
		f.Job = ""
	case FieldAuthor:
		column = "a.author"
	default:
		return nil, fmt.Errorf("values of %q: %w", a.Field, ErrField)
	}
	values, err := s.values(ctx, column, a, f, v)
	if err != nil {
		return nil, fmt.Errorf("values of %s: %w", a.Field, err)
	}
	return values, nil
}

func (s *Store) values(ctx context.Context, column string, a Asked, f Filter, v Visible) ([]string, error) {
	scope, err := newScope(f, v)
	if err != nil {
		return nil, err
	}
	scope.arg("limit", sizeOf(a.Limit))
	scope.arg("prefix", strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(a.Prefix)+"%")
	rows, err := s.read.QueryContext(ctx, scope.valueQuery(column), scope.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	values := []string{}
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

// valueQuery reads series, or the authors of each.
func (s *scope) valueQuery(column string) string {
	from := "series s"
	if column == "a.author" {
		from = "authors a CROSS JOIN series s ON s.id = a.series"
	}
	query := s.tables + "SELECT DISTINCT " + column + " FROM " + from + " WHERE s.runs > 0 AND " + column + " <> '' AND " + column + ` LIKE @prefix ESCAPE '\'`
	if s.seen != "" {
		query += " AND s.id IN (" + s.seen + ")"
	}
	return query + " ORDER BY 1 LIMIT @limit"
}
