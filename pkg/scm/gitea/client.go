package gitea

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// pages of 50 are the largest that Gitea serves by default (MAX_RESPONSE_ITEMS). It says how many items there are by
// X-Total-Count and what follows by Link; a listing with neither header has one page, whatever page is asked for.
var pages = rest.Pages{Size: 50, SizeKey: "limit", More: func(header http.Header, have int) bool {
	total, err := strconv.Atoi(header.Get("X-Total-Count"))
	return err == nil && total > have || rest.LinkNext(header)
}}

// api sends requests to one server as one account.
type api struct{ *rest.API }

func newAPI(base *url.URL, account scm.Account) *api {
	return &api{&rest.API{
		Forge: &goscm.Client{Client: account.HTTP, BaseURL: base, Driver: goscm.DriverGitea},
		Root:  "api/v1",
		Authorize: func(_ context.Context, header http.Header) error {
			if account.Token != "" {
				header.Set("Authorization", "token "+account.Token)
			}
			return nil
		},
		Explain: explain,
		Kind:    kindOf,
	}}
}

func list[T any](ctx context.Context, a *api, c rest.Call) ([]T, error) {
	return rest.List[T](ctx, a.API, pages, c)
}

// repoPath is a path below one repository.
func repoPath(repo scm.Repo, rest ...string) []string {
	return append([]string{"repos", repo.Org, repo.Name}, rest...)
}

// issuePath is a path below one issue or pull request.
func issuePath(ref scm.PullRef, rest ...string) []string {
	return repoPath(ref.Repo, append([]string{"issues", strconv.Itoa(ref.Number)}, rest...)...)
}

// pullPath is a path below one pull request.
func pullPath(ref scm.PullRef, rest ...string) []string {
	return repoPath(ref.Repo, append([]string{"pulls", strconv.Itoa(ref.Number)}, rest...)...)
}

// missing is ErrNotFound if what a call would read does not exist. Gitea answers some writes about things that do not exist
// with a failure of the server, which looks as if it would pass.
func (a *api) missing(ctx context.Context, c rest.Call) error {
	if _, err := a.Do(ctx, c, nil, nil); errors.Is(err, scm.ErrNotFound) {
		return err
	}
	return nil
}

// explain reads the body of a refusal.
func explain(body []byte) string {
	var answer struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "" // a proxy's page: nothing in it explains more than the status
	}
	return strings.Trim(strings.Join(append([]string{answer.Message}, answer.Errors...), "; "), "; ")
}

// kindOf knows that comments of a missing issue and statuses of a missing commit are failures of the server to Gitea. It
// tells administrators the reason; for other bots they stay transient.
func kindOf(status int, explanation string) error {
	if status == http.StatusInternalServerError && strings.Contains(explanation, "does not exist") {
		return scm.ErrNotFound
	}
	return nil
}
