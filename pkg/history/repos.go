package history

import (
	"context"
	"fmt"
	"strings"
)

// Repos are the repositories that any run checks out, in no order: those that a [Visible] has to decide about. One stays for
// some time after its last run is gone.
func (s *Store) Repos(ctx context.Context) ([]Repo, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT DISTINCT repo FROM needs")
	if err != nil {
		return nil, fmt.Errorf("list repositories of runs: %w", err)
	}
	defer rows.Close()
	var repos []Repo
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("list repositories of runs: %w", err)
		}
		connection, name, _ := strings.Cut(key, "\x1f")
		i := strings.LastIndexByte(name, '/')
		repos = append(repos, Repo{Connection: connection, Org: name[:max(i, 0)], Name: name[i+1:]})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list repositories of runs: %w", err)
	}
	return repos, nil
}
