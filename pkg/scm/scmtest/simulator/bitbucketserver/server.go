package bitbucketserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

type server struct {
	forge *simulator.Forge
	mux   *simulator.Router
}

// call is one request, with the state locked.
type call struct {
	*http.Request
	*simulator.Forge
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

// on serves a pattern below one of the server's REST interfaces, by each of the version's names, for anybody with a token.
func (s *server) on(api, pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	for _, version := range []string{"1.0", "latest"} {
		s.mux.HandleFunc(method+" /rest/"+api+"/"+version+path, func(w http.ResponseWriter, r *http.Request) {
			if forgeable(r) {
				http.Error(w, "XSRF check failed", http.StatusForbidden)
				return
			}
			var a answer
			err := s.forge.Do(func() error {
				actor, err := s.forge.Bearer(token(r))
				if err != nil {
					return &refusal{status: http.StatusUnauthorized, exception: "auth.IncorrectPasswordAuthenticationException", message: "Authentication failed. Please check your credentials and try again."}
				}
				w.Header().Set("X-AUSERID", strconv.Itoa(actor.ID))
				w.Header().Set("X-AUSERNAME", actor.Login)
				a, err = h(&call{Request: r, Forge: s.forge, actor: actor})
				return err
			})
			if err != nil {
				refuse(w, err)
				return
			}
			write(w, a)
		})
	}
}

// in serves a pattern below a repository for those with a permission there. Bitbucket says that a repository exists to those
// who may not see it.
func (s *server) in(api, pattern string, wanted scm.Permission, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.on(api, method+" /projects/{project}/repos/{repo}"+path, func(c *call) (answer, error) {
		o, err := c.project(c.PathValue("project"))
		if err != nil {
			return fail(err)
		}
		if c.repo, err = c.repository(o, c.PathValue("repo")); err != nil {
			return fail(err)
		}
		if c.Permission(c.repo, c.actor) < wanted {
			return fail(denied())
		}
		return h(c)
	})
}

// forgeable says that a request could be one that a browser was tricked into.
func forgeable(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get("X-Atlassian-Token") != "no-check" && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// token is an HTTP access token, which may also come as a password.
func token(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	t, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return t
}

func (c *call) view() view { return view{c.Forge.URL()} }

func (c *call) query(name string) string { return c.Request.URL.Query().Get(name) }

// project finds a project by its key, a personal one by "~" and its user's slug.
func (c *call) project(key string) (*simulator.Org, error) {
	path, personal := strings.CutPrefix(key, "~")
	o, err := c.Org(path)
	if err != nil || personal != (o.Personal != nil) {
		return nil, missing("project.NoSuchProjectException", "Project %s does not exist.", key)
	}
	return o, nil
}

func (c *call) repository(o *simulator.Org, slug string) (*simulator.Repo, error) {
	r, err := c.Repo(o.Path, slug)
	if err != nil {
		return nil, missing("repository.NoSuchRepositoryException", "Repository %s/%s does not exist.", projectKey(o), slug)
	}
	return r, nil
}

func write(w http.ResponseWriter, a answer) {
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	if raw, ok := a.body.([]byte); ok {
		w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
		w.WriteHeader(a.status)
		_, _ = w.Write(raw) // the client is gone, which is its own affair
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // as above
}

// refusal is an error as Bitbucket writes it.
type refusal struct {
	status int
	// exception is the class below com.atlassian.bitbucket, empty for a field that is wrong, which context names then.
	exception, context, message string
	more                        map[string]any
}

func (e *refusal) Error() string { return e.message }

func missing(exception, format string, args ...any) error {
	return &refusal{status: http.StatusNotFound, exception: exception, message: fmt.Sprintf(format, args...)}
}

func conflict(exception, message string, more map[string]any) error {
	return &refusal{status: http.StatusConflict, exception: exception, message: message, more: more}
}

func invalid(context, message string) error {
	return &refusal{status: http.StatusBadRequest, context: context, message: message}
}

func denied() error {
	return &refusal{status: http.StatusUnauthorized, exception: "AuthorisationException", message: "You are not permitted to access this resource"}
}

// stale refuses a write that names another version than the current one; one that names none counts as of version -1.
func stale(class, thing string, current, expected int) error {
	return conflict(class, "You are attempting to modify a "+thing+" based on out-of-date information.", map[string]any{"currentVersion": current, "expectedVersion": expected})
}

// refuse answers an error; one that no handler gave a form is the server's own failure.
func refuse(w http.ResponseWriter, err error) {
	var e *refusal
	if !errors.As(err, &e) {
		e = &refusal{status: http.StatusInternalServerError, message: "An error occurred while processing the request: " + err.Error()}
	}
	body := map[string]any{"context": nil, "message": e.message, "exceptionName": nil}
	if e.context != "" {
		body["context"] = e.context
	}
	if e.exception != "" {
		body["exceptionName"] = "com.atlassian.bitbucket." + e.exception
	}
	for name, value := range e.more {
		body[name] = value
	}
	write(w, answer{e.status, map[string]any{"errors": []any{body}}})
}

// decode reads the request's body, which may be missing.
func decode[T any](c *call) (T, error) {
	var in T
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		return in, invalid("", "The request body is not valid JSON.")
	}
	return in, nil
}

// number is a number of the path, -1 for what is none.
func (c *call) number(name string) int {
	n, err := strconv.Atoi(c.PathValue(name))
	if err != nil {
		return -1
	}
	return n
}

// What a page holds if a request does not say, and at most.
const (
	usualPage = 25
	maxPage   = 20
)

// page answers one page of a listing, from the item "start" on and of "limit" items.
func page[T any](c *call, all []T, render func(T) map[string]any) (answer, error) {
	start, limit, err := c.paging(maxPage)
	if err != nil {
		return fail(err)
	}
	from := min(start, len(all))
	to := min(from+limit, len(all))
	out := map[string]any{"size": to - from, "limit": limit, "isLastPage": to == len(all), "values": each(all[from:to], render), "start": start}
	if to < len(all) {
		out["nextPageStart"] = to
	}
	return ok(out)
}

func (c *call) paging(most int) (start, limit int, err error) {
	limit = usualPage
	for name, field := range map[string]*int{"start": &start, "limit": &limit} {
		if text := c.query(name); text != "" {
			if *field, err = strconv.Atoi(text); err != nil || *field < 0 {
				return 0, 0, invalid(name, "The parameter must be a number that is not negative.")
			}
		}
	}
	return start, min(limit, most), nil
}

// each renders every item.
func each[T any](all []T, render func(T) map[string]any) []map[string]any {
	out := make([]map[string]any, len(all))
	for i, one := range all {
		out[i] = render(one)
	}
	return out
}
