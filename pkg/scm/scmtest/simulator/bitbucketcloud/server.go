package bitbucketcloud

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

const root = "/2.0"

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

// on serves a pattern below the API's root for everybody with an account.
func (s *server) on(pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(method+" "+root+path, func(w http.ResponseWriter, r *http.Request) {
		var a answer
		err := s.forge.Do(func() error {
			actor, err := s.actor(r)
			if err != nil {
				return errBadToken
			}
			a, err = h(&call{Request: r, Forge: s.forge, w: w, actor: actor})
			return err
		})
		if err != nil {
			refuse(w, err)
			return
		}
		write(w, r, a)
	})
}

// in serves a pattern below a repository, named by its slug or its UUID, for those with a permission there.
func (s *server) in(pattern string, wanted scm.Permission, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.on(method+" /repositories/{workspace}/{repo}"+path, func(c *call) (answer, error) {
		var err error
		if c.repo, err = c.repository(c.PathValue("workspace"), c.PathValue("repo")); err != nil {
			return fail(errNoRepository)
		}
		has := c.Permission(c.repo, c.actor)
		switch {
		case has < scm.PermissionRead:
			return fail(errNoRepository) // what is hidden does not exist
		case has < wanted:
			return fail(denied(wanted))
		}
		return h(c)
	})
}

func (c *call) repository(workspace, name string) (*simulator.Repo, error) {
	if id, ok := idOf(repositoryKind, name); ok {
		return c.RepoByID(id)
	}
	return c.Repo(workspace, name)
}

// actor is who asks: by an access token as it is, or by an account's e-mail address together with an API token of it.
func (s *server) actor(r *http.Request) (*simulator.User, error) {
	if email, token, basic := r.BasicAuth(); basic {
		u, err := s.forge.Bearer(token)
		if err == nil && !strings.EqualFold(u.Email, email) {
			err = simulator.ErrForbidden
		}
		return u, err
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return nil, simulator.ErrForbidden
	}
	return s.forge.Bearer(token)
}

// raw is the content of a file.
type raw []byte

func write(w http.ResponseWriter, r *http.Request, a answer) {
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
	case raw:
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Disposition", "attachment")
		w.WriteHeader(a.status)
		_, _ = w.Write(body) // the client is gone, which is its own affair
	default:
		encode(w, a.status, chosen(r.URL.Query().Get("fields"), body))
	}
}

func encode(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone, which is its own affair
}

// decode reads the request's body; none at all is an empty object.
func decode[T any](c *call) (T, error) {
	var in T
	if c.ContentLength == 0 {
		return in, nil
	}
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil {
		return in, &refusal{status: http.StatusBadRequest, message: "Bad request"}
	}
	return in, nil
}

// number is a number in the path, -1 for anything else.
func (c *call) number(name string) int {
	n, err := strconv.Atoi(c.PathValue(name))
	if err != nil {
		return -1
	}
	return n
}
