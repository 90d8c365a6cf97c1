package gitlab

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

const root = "/api/v4"

type object = map[string]any

type server struct {
	forge *simulator.Forge
	mux   *simulator.Router
}

// call is one request, with the state locked.
type call struct {
	*http.Request
	*simulator.Forge
	view
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

// missing says what there is not.
func missing(what string) (answer, error) {
	return fail(&refusal{http.StatusNotFound, "404 " + what + " Not Found"})
}

type handler func(c *call) (answer, error)

// on serves a pattern below the API's root for anybody with a token.
func (s *server) on(pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(method+" "+root+path, func(w http.ResponseWriter, r *http.Request) {
		var a answer
		err := s.forge.Do(func() error {
			actor, err := s.forge.Bearer(token(r))
			if err != nil {
				return &refusal{http.StatusUnauthorized, "401 Unauthorized"}
			}
			a, err = h(&call{Request: r, Forge: s.forge, view: view{s.forge.URL()}, w: w, actor: actor})
			return err
		})
		if err != nil {
			refuse(w, err)
			return
		}
		write(w, a)
	})
}

// in serves a pattern below a project for those with a permission there.
func (s *server) in(pattern string, wanted scm.Permission, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.on(method+" /projects/{id}"+path, func(c *call) (answer, error) {
		if c.repo = c.project(c.PathValue("id")); c.repo == nil || c.Permission(c.repo, c.actor) < scm.PermissionRead {
			return missing("Project") // what is hidden does not exist
		}
		if c.Permission(c.repo, c.actor) < wanted {
			return fail(simulator.ErrForbidden)
		}
		return h(c)
	})
}

// project finds one by its number or its whole path, nil if there is none.
func (c *call) project(id string) *simulator.Repo {
	if n, err := strconv.Atoi(id); err == nil {
		r, _ := c.RepoByID(n) // nil with an error
		return r
	}
	at := strings.LastIndexByte(id, '/')
	if at < 0 {
		return nil
	}
	r, _ := c.Repo(id[:at], id[at+1:]) // nil with an error
	return r
}

func token(r *http.Request) string {
	if t := r.Header.Get("Private-Token"); t != "" {
		return t
	}
	t, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return t
}

func write(w http.ResponseWriter, a answer) {
	if raw, ok := a.body.(string); ok {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(raw)) // the client is gone, which is its own affair
		return
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // as above
}

// refusal is an answer of a status with GitLab's message: a text, texts, or texts for fields.
type refusal struct {
	status  int
	message any
}

func (e *refusal) Error() string { return fmt.Sprint(e.message) }

func refuse(w http.ResponseWriter, err error) {
	var own *refusal
	switch {
	case errors.As(err, &own):
	case errors.Is(err, simulator.ErrNotFound):
		own = &refusal{http.StatusNotFound, "404 Not found"}
	case errors.Is(err, simulator.ErrForbidden):
		own = &refusal{http.StatusForbidden, "403 Forbidden"}
	case errors.Is(err, simulator.ErrConflict):
		own = &refusal{http.StatusConflict, []string{err.Error()}}
	case errors.Is(err, simulator.ErrInvalid):
		own = &refusal{http.StatusBadRequest, object{"base": []string{err.Error()}}}
	default:
		own = &refusal{http.StatusInternalServerError, "500 Internal Server Error"}
	}
	write(w, answer{own.status, object{"message": own.message}})
}

// parameters are what a call may be given by its body.
type parameters struct {
	Title         *string `json:"title"`
	Description   *string `json:"description"`
	Source        string  `json:"source_branch"`
	Target        *string `json:"target_branch"`
	StateEvent    string  `json:"state_event"`
	AddLabels     string  `json:"add_labels"`
	RemoveLabels  string  `json:"remove_labels"`
	Assignees     *[]int  `json:"assignee_ids"`
	Reviewers     *[]int  `json:"reviewer_ids"`
	Milestone     *int    `json:"milestone_id"`
	Body          string  `json:"body"`
	SHA           string  `json:"sha"`
	Squash        bool    `json:"squash"`
	MergeMessage  string  `json:"merge_commit_message"`
	SquashMessage string  `json:"squash_commit_message"`
	State         string  `json:"state"`
	Ref           string  `json:"ref"`
	Name          string  `json:"name"`
	Context       string  `json:"context"`
	TargetURL     string  `json:"target_url"`
}

func decode[T any](c *call) (T, error) {
	var in T
	if c.ContentLength == 0 {
		return in, nil
	}
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil {
		return in, &refusal{http.StatusBadRequest, "400 Bad Request"}
	}
	return in, nil
}

// query is a parameter of the address.
func (c *call) query(name string) string { return c.Request.URL.Query().Get(name) }

// number is a number of the path, one that nothing has if it is none.
func (c *call) number(name string) int {
	n, err := strconv.Atoi(c.PathValue(name))
	if err != nil {
		return -1
	}
	return n
}

// page cuts a listing as the request asks, and tells of the pages around it.
func page[T any](c *call, all []T) []T {
	size, number := 20, 1
	if n, err := strconv.Atoi(c.query("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(c.query("page")); err == nil && n > 0 {
		number = n
	}
	last := max(1, (len(all)+size-1)/size)
	header := c.w.Header()
	header.Set("X-Page", strconv.Itoa(number))
	header.Set("X-Per-Page", strconv.Itoa(size))
	header.Set("X-Total", strconv.Itoa(len(all)))
	header.Set("X-Total-Pages", strconv.Itoa(last))
	header.Set("X-Prev-Page", "")
	header.Set("X-Next-Page", "")
	var links []string
	link := func(to int, rel string) {
		query := c.Request.URL.Query()
		query.Set("page", strconv.Itoa(to))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.base, c.Request.URL.EscapedPath(), query.Encode(), rel))
	}
	if number > 1 {
		header.Set("X-Prev-Page", strconv.Itoa(number-1))
		link(number-1, "prev")
	}
	if number < last {
		header.Set("X-Next-Page", strconv.Itoa(number+1))
		link(number+1, "next")
	}
	link(1, "first")
	link(last, "last")
	header.Set("Link", strings.Join(links, ", "))
	from := min((number-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// each renders every item.
func each[T any](all []T, render func(T) object) []object {
	out := make([]object, len(all))
	for i, one := range all {
		out[i] = render(one)
	}
	return out
}
