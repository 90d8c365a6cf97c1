package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

const root = "/api/v3"

type server struct {
	forge *simulator.Forge
	mux   *simulator.Router
}

// call is one request, with the state locked.
type call struct {
	*http.Request
	*simulator.Forge
	w     http.ResponseWriter
	actor *simulator.User
	// repo is set where the path names one.
	repo *simulator.Repo
	base string
}

// answer is what a handler gives; a nil body is none.
type answer struct {
	status int
	body   any
}

func ok(body any) (answer, error)   { return answer{http.StatusOK, body}, nil }
func made(body any) (answer, error) { return answer{http.StatusCreated, body}, nil }
func none() (answer, error)         { return answer{status: http.StatusNoContent}, nil }
func fail(err error) (answer, error) {
	return answer{}, err
}

type handler func(c *call) (answer, error)

// on serves a pattern below the API's root for anybody with a token.
func (s *server) on(pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(method+" "+root+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-GitHub-Media-Type", "github.v3; format=json")
		var a answer
		err := s.forge.Do(func() error {
			actor, err := s.forge.Bearer(token(r))
			if err != nil {
				return errBadCredentials
			}
			a, err = h(&call{Request: r, Forge: s.forge, w: w, actor: actor, base: s.forge.URL()})
			return err
		})
		if err != nil {
			refuseFor(w, err)
			return
		}
		write(w, a)
	})
}

// in serves a pattern below a repository for those with a permission there.
func (s *server) in(pattern string, wanted scm.Permission, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.on(method+" /repos/{owner}/{repo}"+path, func(c *call) (answer, error) {
		var err error
		if c.repo, err = c.Repo(c.PathValue("owner"), c.PathValue("repo")); err != nil {
			return fail(err)
		}
		has := c.Permission(c.repo, c.actor)
		switch {
		case has < scm.PermissionRead:
			return fail(simulator.ErrNotFound) // what is hidden does not exist
		case has < wanted:
			return fail(simulator.ErrForbidden)
		}
		return h(c)
	})
}

func token(r *http.Request) string {
	scheme, t, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return t
	}
	return ""
}

func write(w http.ResponseWriter, a answer) {
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	if raw, ok := a.body.([]byte); ok {
		w.Header().Set("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = w.Write(raw) // the client is gone, which is its own affair
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // as above
}

var errBadCredentials = errors.New("bad credentials")

// invalid is a refusal that says which field is wrong.
type invalid struct{ resource, field, code, message string }

func (e *invalid) Error() string { return e.message }

func refuseFor(w http.ResponseWriter, err error) {
	var v *invalid
	switch {
	case errors.As(err, &v):
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed", []any{
			map[string]any{"resource": v.resource, "field": v.field, "code": v.code, "message": v.message},
		})
	case errors.Is(err, errBadCredentials):
		refuse(w, http.StatusUnauthorized, "Bad credentials", nil)
	case errors.Is(err, simulator.ErrNotFound):
		refuse(w, http.StatusNotFound, "Not Found", nil)
	case errors.Is(err, simulator.ErrForbidden):
		refuse(w, http.StatusForbidden, "Resource not accessible by personal access token", nil)
	case errors.Is(err, simulator.ErrHeadMoved):
		refuse(w, http.StatusConflict, "Head branch was modified. Review and try the merge again.", nil)
	case errors.Is(err, simulator.ErrNotMergeable):
		refuse(w, http.StatusMethodNotAllowed, "Pull Request is not mergeable", nil)
	case errors.Is(err, simulator.ErrInvalid), errors.Is(err, simulator.ErrConflict):
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed", []any{map[string]any{"resource": "PullRequest", "code": "custom", "message": err.Error()}})
	default:
		refuse(w, http.StatusInternalServerError, err.Error(), nil)
	}
}

func refuse(w http.ResponseWriter, status int, message string, details []any) {
	body := map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if details != nil {
		body["errors"] = details
	}
	write(w, answer{status, body})
}

// decode reads the request's body.
func decode[T any](c *call) (T, error) {
	var in T
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil {
		return in, &invalid{message: "Problems parsing JSON"}
	}
	return in, nil
}

func (c *call) number() int {
	n, err := strconv.Atoi(c.PathValue("number"))
	if err != nil {
		return -1
	}
	return n
}

func (c *call) id() int {
	n, err := strconv.Atoi(c.PathValue("id"))
	if err != nil {
		return -1
	}
	return n
}

// page cuts a listing as the request asks, and links to the pages around it.
func page[T any](c *call, all []T) []T {
	size := 30
	if n, err := strconv.Atoi(c.FormValue("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	number := 1
	if n, err := strconv.Atoi(c.FormValue("page")); err == nil && n > 0 {
		number = n
	}
	last := max(1, (len(all)+size-1)/size)
	var links []string
	link := func(to int, rel string) {
		query := c.Request.URL.Query()
		query.Set("page", strconv.Itoa(to))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.base, c.Request.URL.EscapedPath(), query.Encode(), rel))
	}
	if number > 1 {
		link(number-1, "prev")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if len(links) > 0 {
		c.w.Header().Set("Link", strings.Join(links, ", "))
	}
	from := min((number-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// each renders every item.
func each[T any](all []T, render func(T) map[string]any) []map[string]any {
	out := make([]map[string]any, len(all))
	for i, one := range all {
		out[i] = render(one)
	}
	return out
}
