package gitea

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

const root = "/api/v1"

type server struct {
	forge *simulator.Forge
	mux   *simulator.Router
}

// call is one request, with the state locked.
type call struct {
	*http.Request
	*simulator.Forge
	w http.ResponseWriter
	// actor has no login where nobody is logged in.
	actor *simulator.User
	// repo is set where the path names one.
	repo *simulator.Repo
}

// answer is what a handler gives; a nil body is none.
type answer struct {
	status int
	body   any
}

func ok(body any) (answer, error)    { return answer{http.StatusOK, body}, nil }
func made(body any) (answer, error)  { return answer{http.StatusCreated, body}, nil }
func none() (answer, error)          { return answer{status: http.StatusNoContent}, nil }
func fail(err error) (answer, error) { return answer{}, err }

type handler func(c *call) (answer, error)

// on serves a pattern below the API's root. Whoever has no token may read.
func (s *server) on(pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(method+" "+root+path, func(w http.ResponseWriter, r *http.Request) {
		var a answer
		err := s.forge.Do(func() error {
			actor, err := s.caller(r)
			if err != nil {
				return err
			}
			a, err = h(&call{Request: r, Forge: s.forge, w: w, actor: actor})
			if err != nil && actor.Login == "" && errors.Is(err, simulator.ErrForbidden) {
				return errNoToken
			}
			return err
		})
		if err != nil {
			refuseFor(w, s.forge.URL(), err)
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
		case has >= wanted:
			return h(c)
		case wanted >= scm.PermissionAdmin:
			return fail(forbidden("user should be an owner or a collaborator with admin write of a repository"))
		}
		return fail(forbidden("user should have a permission to write to a repo"))
	})
}

func (s *server) caller(r *http.Request) (*simulator.User, error) {
	sent := r.Header.Get("Authorization")
	if sent == "" {
		if r.Method != http.MethodGet {
			return nil, errNoToken
		}
		return &simulator.User{}, nil
	}
	scheme, token, _ := strings.Cut(sent, " ")
	if strings.EqualFold(scheme, "token") || strings.EqualFold(scheme, "bearer") {
		if u, err := s.forge.Bearer(token); err == nil {
			return u, nil
		}
	}
	return nil, &refusal{http.StatusUnauthorized, "invalid username, password or token"}
}

func write(w http.ResponseWriter, a answer) {
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
	case []byte:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = w.Write(body) // the client is gone, which is its own affair
	default:
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(a.status)
		_ = json.NewEncoder(w).Encode(body) // as above
	}
}

// refusal is an answer with a message.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

// Is makes every refusal for want of a right ErrForbidden.
func (e *refusal) Is(kind error) bool {
	return kind == simulator.ErrForbidden && e.status == http.StatusForbidden
}

var errNoToken = &refusal{http.StatusUnauthorized, "token is required"}

// errServer is a failure whose reason Gitea tells nobody but its administrators.
var errServer = &refusal{http.StatusInternalServerError, ""}

func forbidden(message string) error { return &refusal{http.StatusForbidden, message} }

func invalid(message string) error { return &refusal{http.StatusUnprocessableEntity, message} }

// missing is something that does not exist, with Gitea's details.
type missing struct {
	message string
	details []string
}

func (e *missing) Error() string { return e.message }

func refuseFor(w http.ResponseWriter, base string, err error) {
	body := map[string]any{"url": base + "/api/swagger"}
	var refused *refusal
	var gone *missing
	status := http.StatusInternalServerError
	switch {
	case errors.As(err, &refused):
		status, body["message"] = refused.status, refused.message
	case errors.As(err, &gone):
		status, body["message"], body["errors"] = http.StatusNotFound, gone.message, gone.details
	case errors.Is(err, simulator.ErrNotFound):
		status, body["message"], body["errors"] = http.StatusNotFound, "not found", nil
	default:
		body["message"] = ""
	}
	write(w, answer{status, body})
}

// decode reads the request's body.
func decode[T any](c *call) (T, error) {
	var in T
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil {
		return in, invalid(err.Error())
	}
	return in, nil
}

func (c *call) number() int { return c.integer("number") }

func (c *call) id() int { return c.integer("id") }

func (c *call) integer(name string) int {
	n, err := strconv.Atoi(c.PathValue(name))
	if err != nil {
		return -1
	}
	return n
}

func (c *call) may(p scm.Permission) bool { return c.Permission(c.repo, c.actor) >= p }

// window is the part of a listing that a request asks for.
type window struct{ size, page, last int }

func (c *call) window(total int) window {
	w := window{size: 30, page: 1}
	if n, err := strconv.Atoi(c.FormValue("limit")); err == nil && n > 0 {
		w.size = min(n, 50)
	}
	if n, err := strconv.Atoi(c.FormValue("page")); err == nil && n > 0 {
		w.page = n
	}
	w.last = max(1, (total+w.size-1)/w.size)
	return w
}

// counted cuts a listing as the request asks and says how many there are, but not where the other pages are.
func counted[T any](c *call, all []T) []T {
	w := c.window(len(all))
	c.w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
	from := min((w.page-1)*w.size, len(all))
	return all[from:min(from+w.size, len(all))]
}

// page cuts a listing, counts it, and links to the pages around.
func page[T any](c *call, all []T) []T {
	w := c.window(len(all))
	var links []string
	link := func(to int, rel string) {
		query := c.Request.URL.Query()
		query.Set("page", strconv.Itoa(to))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.Forge.URL(), c.Request.URL.EscapedPath(), query.Encode(), rel))
	}
	if w.page < w.last {
		link(w.page+1, "next")
		link(w.last, "last")
	}
	if w.page > 1 {
		link(1, "first")
		link(w.page-1, "prev")
	}
	if len(links) > 0 {
		c.w.Header().Set("Link", strings.Join(links, ","))
	}
	return counted(c, all)
}

// numbered is a page of what git has, about which Gitea says more.
func numbered[T any](c *call, all []T) []T {
	w := c.window(len(all))
	for name, value := range map[string]any{"X-Page": w.page, "X-PerPage": w.size, "X-PageCount": w.last, "X-HasMore": w.page < w.last} {
		c.w.Header().Set(name, fmt.Sprint(value))
	}
	return page(c, all)
}

// each renders every item.
func each[T, R any](all []T, render func(T) R) []R {
	out := make([]R, len(all))
	for i, one := range all {
		out[i] = render(one)
	}
	return out
}
