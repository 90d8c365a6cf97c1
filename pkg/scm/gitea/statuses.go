package gitea

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type statuses struct{ *api }

// Set implements scm.Statuses.
func (s statuses) Set(ctx context.Context, repo scm.Repo, sha string, status scm.Status) error {
	in := commitStatus{
		Context:     status.Context,
		State:       string(status.State),
		Description: status.Description,
		TargetURL:   status.TargetURL,
	}
	if _, err := s.Do(ctx, rest.Post("statuses.set", repoPath(repo, "statuses", sha)), in, nil); err != nil {
		return fmt.Errorf("set status %s on %s of %v: %w", status.Context, sha, repo, err)
	}
	return nil
}

// List implements scm.Statuses. It reads the whole history, newest first, because Gitea's combined status announces a
// wrong number of contexts and so cannot be paged to its end.
func (s statuses) List(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	query := url.Values{"sort": {"leastindex"}} // Gitea's name for the highest index first
	history, err := list[commitStatus](ctx, s.api, rest.Call{Endpoint: "statuses.list", Method: http.MethodGet, Path: repoPath(repo, "statuses", sha), Query: query})
	if err != nil {
		return nil, fmt.Errorf("list statuses of %s in %v: %w", sha, repo, err)
	}
	slices.SortStableFunc(history, func(a, b commitStatus) int {
		if byContext := strings.Compare(a.Context, b.Context); byContext != 0 {
			return byContext
		}
		return int(b.Index - a.Index)
	})
	var newest []scm.Status
	for i, h := range history {
		if i == 0 || history[i-1].Context != h.Context {
			newest = append(newest, scm.Status{Context: h.Context, State: readState(h.Read), Description: h.Description, TargetURL: h.TargetURL})
		}
	}
	return newest, nil
}

// commitStatus is a status as it is written, and as it is read: the state has two names.
type commitStatus struct {
	Index       int64  `json:"id,omitempty"`
	Context     string `json:"context"`
	State       string `json:"state,omitempty"`
	Read        string `json:"status,omitempty"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url"`
}

// readState maps the two states that only Gitea has as its own branch protection does, and anything unknown to an error.
func readState(s string) scm.StatusState {
	switch s {
	case "pending":
		return scm.StatusPending
	case "success", "skipped":
		return scm.StatusSuccess
	case "failure", "warning":
		return scm.StatusFailure
	default:
		return scm.StatusError
	}
}
