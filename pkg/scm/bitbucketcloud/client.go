package bitbucketcloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

const (
	// pageSize is the largest that Bitbucket serves of most things; it refuses to serve more. pullsPerPage is that of pull
	// requests and filesPerPage that of changed files.
	pageSize     = "100"
	pullsPerPage = "50"
	filesPerPage = "500"
	// maxPages ends a listing that the server never ends.
	maxPages = 100
)

// api sends requests as one account.
type api struct {
	*rest.API
	// site is where people open it, ending in a slash.
	site *url.URL
	// bot is the account's own login, if it is known.
	bot string
}

func newAPI(account scm.Account) (*api, error) {
	site, err := rest.Base(account)
	if err != nil {
		return nil, err
	}
	proof, err := authorize(account, site)
	if err != nil {
		return nil, err
	}
	base := site
	if site.Host == "bitbucket.org" {
		base = &url.URL{Scheme: "https", Host: "api.bitbucket.org", Path: "/"}
	}
	return &api{API: &rest.API{
		Forge:     &goscm.Client{Client: account.HTTP, BaseURL: base, Driver: goscm.DriverBitbucket},
		Root:      "2.0",
		Authorize: proof,
		Explain:   explain,
	}, site: site, bot: account.Bot}, nil
}

// page is one page of a listing. Next is the address of the page after it; the numbers of pages are words in some listings.
type page[T any] struct {
	Values []T    `json:"values"`
	Next   string `json:"next"`
}

// walk visits a listing page by page until visit has enough.
func walk[T any](ctx context.Context, a *api, c rest.Call, visit func([]T) (more bool)) error {
	var answer page[T]
	_, err := a.Do(ctx, c, nil, &answer)
	for n := 1; ; n++ {
		if err != nil {
			return err
		}
		if !visit(answer.Values) || answer.Next == "" {
			return nil
		}
		if n == maxPages {
			return fmt.Errorf("listing does not end after %d pages", maxPages)
		}
		next := answer.Next
		answer = page[T]{}
		_, err = a.Follow(ctx, c, next, &answer)
	}
}

// list reads a listing to its end, with pages of the size that its query asks for, or else the usual one.
func list[T any](ctx context.Context, a *api, c rest.Call) ([]T, error) {
	var all []T
	err := walk(ctx, a, paged(c), func(found []T) bool {
		all = append(all, found...)
		return true
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func paged(c rest.Call) rest.Call {
	if c.Query == nil {
		c.Query = url.Values{}
	}
	if !c.Query.Has("pagelen") {
		c.Query.Set("pagelen", pageSize)
	}
	return c
}

// repoPath is a path below one repository.
func repoPath(repo scm.Repo, more ...string) []string {
	return append([]string{"repositories", repo.Org, repo.Name}, more...)
}

// pullPath is a path below one pull request.
func pullPath(ref scm.PullRef, more ...string) []string {
	return repoPath(ref.Repo, append([]string{"pullrequests", strconv.Itoa(ref.Number)}, more...)...)
}

// explain reads the body of a refusal. Its detail is a text, or tells which scopes the token has and which it needs.
func explain(body []byte) string {
	var answer struct {
		Error struct {
			Message string          `json:"message"`
			Detail  json.RawMessage `json:"detail"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Message == "" {
		return "" // a proxy's page: nothing in it explains more than the status
	}
	said := []string{answer.Error.Message}
	var detail string
	var scopes struct {
		Required []string `json:"required"`
	}
	if json.Unmarshal(answer.Error.Detail, &detail) == nil && detail != "" {
		said = append(said, detail)
	} else if json.Unmarshal(answer.Error.Detail, &scopes) == nil && len(scopes.Required) > 0 {
		said = append(said, "it needs the scopes "+strings.Join(scopes.Required, ", "))
	}
	return strings.Join(said, "; ")
}
