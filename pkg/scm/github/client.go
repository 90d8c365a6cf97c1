package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// apiVersion is the dated version of the REST API that this driver was written for.
const apiVersion = "2022-11-28"

// pages of 100 are the largest that GitHub serves.
var pages = rest.Pages{Size: 100, SizeKey: "per_page", More: func(header http.Header, _ int) bool { return rest.LinkNext(header) }}

// api sends requests to one server as one account.
type api struct{ *rest.API }

// apiBase is where the REST interface is: beside github.com, below an Enterprise Server.
func apiBase(base *url.URL) (server *url.URL, root string) {
	if strings.EqualFold(base.Hostname(), "github.com") {
		return &url.URL{Scheme: base.Scheme, Host: "api." + base.Host, Path: "/"}, ""
	}
	return base, "api/v3"
}

func newAPI(base *url.URL, account scm.Account, prove func(context.Context, http.Header) error) *api {
	server, root := apiBase(base)
	return &api{&rest.API{
		Forge: &goscm.Client{Client: account.HTTP, BaseURL: server, Driver: goscm.DriverGithub},
		Root:  root, Accept: "application/vnd.github+json",
		Authorize: func(ctx context.Context, header http.Header) error {
			header.Set("X-Github-Api-Version", apiVersion)
			return prove(ctx, header)
		},
		Explain: explain,
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

// explain reads the body of a refusal.
func explain(body []byte) string {
	var answer struct {
		Message string            `json:"message"`
		Errors  []json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "" // a proxy's page: nothing in it explains more than the status
	}
	texts := []string{answer.Message}
	for _, raw := range answer.Errors { // texts, or objects with a message, or with the field's name and a code
		var text string
		var detail struct{ Message, Field, Code string }
		switch {
		case json.Unmarshal(raw, &text) == nil:
		case json.Unmarshal(raw, &detail) == nil && detail.Message != "":
			text = detail.Message
		default:
			text = strings.TrimSpace(detail.Field + " " + detail.Code)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}
