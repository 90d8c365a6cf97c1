package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// pages of 100 are the largest that GitLab serves. X-Next-Page is empty on the last one; listings that GitLab does not
// count have a Link header only.
var pages = rest.Pages{Size: 100, SizeKey: "per_page", More: func(header http.Header, _ int) bool {
	return header.Get("X-Next-Page") != "" || rest.LinkNext(header)
}}

// api sends requests to one server as one account.
type api struct {
	*rest.API
	// web is the address of the server as people open it, with a slash at its end.
	web string
}

// newAPI authorizes as OAuth does, which GitLab takes for tokens of every kind, and which Go's HTTP client, unlike a header
// of GitLab's own, does not carry along when a server redirects to another host.
func newAPI(base *url.URL, account scm.Account) *api {
	return &api{web: base.String(), API: &rest.API{
		Forge: &goscm.Client{Client: account.HTTP, BaseURL: base, Driver: goscm.DriverGitlab},
		Root:  "api/v4",
		Authorize: func(_ context.Context, header http.Header) error {
			if account.Token != "" {
				header.Set("Authorization", "Bearer "+account.Token)
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

// projectPath is a path below one repository, which GitLab calls a project and finds by its whole path as one segment.
func projectPath(repo scm.Repo, rest ...string) []string {
	return append([]string{"projects", repo.FullName()}, rest...)
}

// groupPath is a path below one group, nested or not.
func groupPath(group string, rest ...string) []string {
	return append([]string{"groups", group}, rest...)
}

// kind is a collection of numbered things.
type kind string

const (
	pullKind  kind = "merge_requests"
	issueKind kind = "issues"
)

// path is a path below one merge request or issue.
func (k kind) path(ref scm.PullRef, rest ...string) []string {
	return projectPath(ref.Repo, append([]string{string(k), strconv.Itoa(ref.Number)}, rest...)...)
}

// link is the page of one merge request or issue.
func (k kind) link(a *api, ref scm.PullRef) string {
	return fmt.Sprintf("%s%s/-/%s/%d", a.web, ref.FullName(), k, ref.Number)
}

// either does something to a merge request or, if that does not exist, to an issue.
func either(do func(kind) error) error {
	err := do(pullKind)
	if !errors.Is(err, scm.ErrNotFound) {
		return err
	}
	if other := do(issueKind); !errors.Is(other, scm.ErrNotFound) {
		return other
	}
	return err
}

// explain reads the body of a refusal: a text, or a list of them for each wrong field.
func explain(body []byte) string {
	var answer struct {
		Message     any    `json:"message"`
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "" // a proxy's page: nothing in it explains more than the status
	}
	texts := slices.Concat(flatten(answer.Message), flatten(answer.Error), flatten(answer.Description))
	return strings.Join(texts, "; ")
}

func flatten(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, flatten(one)...)
		}
		return all
	case map[string]any:
		var all []string
		for field, of := range v {
			for _, text := range flatten(of) {
				all = append(all, field+" "+text)
			}
		}
		slices.Sort(all)
		return all
	}
	return nil
}

// kindOf knows that GitLab refuses merges of what is not mergeable as a method that is not allowed.
func kindOf(status int, _ string) error {
	if status == http.StatusMethodNotAllowed || status == http.StatusNotAcceptable {
		return scm.ErrNotMergeable
	}
	return nil
}

// user is an account as webhooks and the API write it.
type user struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
}

func (u *user) normal() scm.User {
	if u == nil || (u.ID == 0 && u.Username == "") {
		return scm.User{}
	}
	return scm.User{Login: u.Username, ID: number(u.ID)}
}

func users(in []user) []scm.User {
	var all []scm.User
	for i := range in {
		all = append(all, in[i].normal())
	}
	return all
}

// number writes an id; none is zero.
func number(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// find looks accounts up by their logins, in any spelling of case; nil is nobody's.
func (a *api) find(ctx context.Context, login string) (*user, error) {
	if login == "" {
		return nil, fmt.Errorf("a login is missing: %w", scm.ErrInvalid)
	}
	c := rest.Get("users.find", []string{"users"})
	c.Query = url.Values{"username": {login}}
	var found []user
	if _, err := a.Do(ctx, c, nil, &found); err != nil {
		return nil, fmt.Errorf("find user %s: %w", login, err)
	}
	for i := range found {
		if strings.EqualFold(found[i].Username, login) {
			return &found[i], nil
		}
	}
	return nil, nil
}

// people looks several accounts up; a login that nobody has is ErrInvalid.
func (a *api) people(ctx context.Context, logins []string) ([]user, error) {
	var all []user
	for _, login := range logins {
		u, err := a.find(ctx, login)
		if err != nil {
			return nil, err
		}
		if u == nil {
			return nil, fmt.Errorf("there is no user %s: %w", login, scm.ErrInvalid)
		}
		if !slices.Contains(all, *u) {
			all = append(all, *u)
		}
	}
	return all, nil
}
