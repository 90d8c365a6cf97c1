package bitbucketserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// Listings are read a hundred items at a time, and for at most maxPages pages.
const (
	pageSize = 100
	maxPages = 100
)

// errStale is a write with a version that is not the object's any more.
var errStale = fmt.Errorf("version is out of date: %w", scm.ErrConflict)

// api sends requests to one server as one account.
type api struct {
	*rest.API
	// web is the address that pages for people are below, without a slash at its end.
	web string
}

func newAPI(base *url.URL, account scm.Account) *api {
	return &api{API: &rest.API{
		Forge: &goscm.Client{Client: account.HTTP, BaseURL: base, Driver: goscm.DriverStash},
		Root:  "rest",
		Authorize: func(_ context.Context, header http.Header) error {
			if account.Token != "" {
				header.Set("Authorization", "Bearer "+account.Token)
			}
			// Writes without a body would be taken for a browser's otherwise.
			header.Set("X-Atlassian-Token", "no-check")
			return nil
		},
		Explain: explain,
		Kind:    kindOf,
	}, web: strings.TrimSuffix(base.String(), "/")}
}

// list reads every page of a listing, ErrIncomplete if the server ends it early. Pages are of the size that the call's query
// asks for, or of pageSize.
func list[T any](ctx context.Context, a *api, c rest.Call) ([]T, error) {
	var all []T
	start := 0
	for range maxPages {
		var page struct {
			Values        []T  `json:"values"`
			IsLastPage    bool `json:"isLastPage"`
			NextPageStart *int `json:"nextPageStart"`
		}
		if _, err := a.Do(ctx, from(c, start), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Values...)
		if page.IsLastPage {
			return all, nil
		}
		if page.NextPageStart == nil || *page.NextPageStart <= start {
			return nil, fmt.Errorf("listing ends after %d items: %w", len(all), scm.ErrIncomplete)
		}
		start = *page.NextPageStart
	}
	return nil, fmt.Errorf("listing does not end after %d pages: %w", maxPages, scm.ErrIncomplete)
}

func from(c rest.Call, start int) rest.Call {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	maps.Copy(query, c.Query)
	query.Set("start", strconv.Itoa(start))
	c.Query = query
	return c
}

// repoPath is a path below one repository.
func repoPath(repo scm.Repo, rest ...string) []string {
	return append([]string{"api", "1.0", "projects", repo.Org, "repos", repo.Name}, rest...)
}

// pullPath is a path below one pull request.
func pullPath(ref scm.PullRef, rest ...string) []string {
	return repoPath(ref.Repo, append([]string{"pull-requests", strconv.Itoa(ref.Number)}, rest...)...)
}

// atVersion reads a pull request for a write that names its version, and once more when somebody changed it in between.
func (a *api) atVersion(ctx context.Context, ref scm.PullRef, write func(now *pull, version url.Values) error) error {
	for attempt := 0; ; attempt++ {
		now, err := a.pull(ctx, ref)
		if err != nil {
			return err
		}
		err = write(now, versionOf(now.Version))
		if attempt > 0 || !errors.Is(err, errStale) {
			return err
		}
	}
}

func versionOf(version int) url.Values { return url.Values{"version": {strconv.Itoa(version)}} }

// explain reads the body of a refusal: "Exception: message: what vetoed a merge". The exception is what kindOf goes by.
func explain(body []byte) string {
	var answer struct {
		Errors []struct {
			Message   string `json:"message"`
			Exception string `json:"exceptionName"`
			Vetoes    []struct {
				Summary string `json:"summaryMessage"`
			} `json:"vetoes"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "" // a proxy's page: nothing in it explains more than the status
	}
	var all []string
	for _, e := range answer.Errors {
		var vetoes []string
		for _, v := range e.Vetoes {
			vetoes = append(vetoes, v.Summary)
		}
		var parts []string
		for _, part := range []string{e.Exception[strings.LastIndexByte(e.Exception, '.')+1:], e.Message, strings.Join(vetoes, ", ")} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		all = append(all, strings.Join(parts, ": "))
	}
	return strings.Join(all, "; ")
}

// kindOf tells apart what Bitbucket means by 409: an old version of the object, a merge that it refuses, and the rest.
func kindOf(status int, explanation string) error {
	if status != http.StatusConflict {
		return nil
	}
	exception, _, _ := strings.Cut(explanation, ":")
	switch {
	case strings.HasSuffix(exception, "OutOfDateException"):
		return errStale
	case exception == "PullRequestMergeVetoedException":
		return scm.ErrNotMergeable
	}
	return nil
}
