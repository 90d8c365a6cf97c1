package prow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/history"
)

// ErrBadQuery is a request that cannot be understood.
var ErrBadQuery = errors.New("bad request")

// Options are what the answers come from.
type Options struct {
	Gate *gate.Gate
	// StoreURL is the store's: what is behind the bucket in it begins the paths of runs in addresses.
	StoreURL string
}

// Handler answers a request or returns why it cannot, before anything was written.
type Handler func(http.ResponseWriter, *http.Request) error

type routes struct {
	gate *gate.Gate
	// prefix begins the paths of runs in addresses, without slashes around it.
	prefix string
}

// Routes are the handlers by pattern of http.ServeMux.
func Routes(o Options) map[string]Handler {
	p := &routes{gate: o.Gate}
	if u, err := url.Parse(o.StoreURL); err == nil && u.Scheme == "s3" {
		p.prefix = strings.Trim(u.Path, "/")
	}
	return map[string]Handler{
		"GET /prowjobs.js":                        p.prowJobs,
		"GET /data.js":                            p.data,
		"GET /badge.svg":                          p.badge,
		"GET /log":                                p.log,
		"GET /prowjob":                            p.prowJob,
		"GET /rerun":                              p.prowJob,
		"POST /rerun":                             p.rerun,
		"POST /abort":                             p.abort,
		"GET /plugin-help.js":                     p.pluginHelp,
		"GET /plugin-config":                      p.pluginConfig,
		"GET /plugins":                            p.help,
		"GET /command-help":                       p.help,
		"GET /configured-jobs":                    p.help,
		"GET /configured-jobs/{repo...}":          p.help,
		"GET /pr-history":                         p.prHistory,
		"GET /pr-history/":                        p.prHistory,
		"GET /view/prowjob/{job}/{id}":            p.viewJob,
		"GET /view/s3/{bucket}/{path...}":         p.view,
		"GET /job-history/s3/{bucket}/{path...}":  p.jobHistory,
		"GET /logs/{namespace}/{pod}/{container}": p.podLog,
	}
}

// runOf finds a run by its name, or among those of a job by its build id.
func (p *routes) runOf(ctx context.Context, job, id string) (*gate.Run, error) {
	if id == "" || len(id) > longest || len(job) > longest {
		return nil, fmt.Errorf("%w: name a run by its id", ErrBadQuery)
	}
	page, err := p.gate.List(ctx, history.Filter{Job: literal(job), BuildID: id}, history.Paging{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Runs) > 0 {
		id = page.Runs[0].Name
	}
	return p.gate.Run(ctx, id)
}

// longest is more than any name or id has.
const longest = 512

// literal keeps a star in a name from being a pattern: no job has one.
func literal(job string) string { return strings.ReplaceAll(job, "*", "") }

// view leads to the page of a run by its folder in the bucket.
func (p *routes) view(w http.ResponseWriter, r *http.Request) error {
	folder := p.folder(r)
	run, err := p.gate.RunAt(r.Context(), folder)
	if errors.Is(err, gate.ErrNotFound) {
		parts := strings.Split(folder, "/")
		if len(parts) < 2 {
			return err
		}
		run, err = p.runOf(r.Context(), parts[len(parts)-2], parts[len(parts)-1])
	}
	if err != nil {
		return err
	}
	return lead(w, r, runPage(run))
}

// folder is the key that an address into the bucket means.
func (p *routes) folder(r *http.Request) string {
	folder := strings.Trim(r.PathValue("path"), "/")
	if p.prefix != "" {
		folder = strings.TrimPrefix(folder, p.prefix+"/")
	}
	return folder
}

func runPage(run *gate.Run) string { return "/runs/" + url.PathEscape(run.Job().Name) }

func lead(w http.ResponseWriter, r *http.Request, page string) error {
	http.Redirect(w, r, page, http.StatusFound)
	return nil
}

func (p *routes) viewJob(w http.ResponseWriter, r *http.Request) error {
	run, err := p.runOf(r.Context(), r.PathValue("job"), r.PathValue("id"))
	if err != nil {
		return err
	}
	return lead(w, r, runPage(run))
}

// jobHistory leads to the page of a job: its name ends the path, as in logs/JOB and pr-logs/directory/JOB.
func (p *routes) jobHistory(w http.ResponseWriter, r *http.Request) error {
	folder := p.folder(r)
	job := folder[strings.LastIndexByte(folder, '/')+1:]
	if job == "" || len(job) > longest {
		return fmt.Errorf("%w: the path does not end with a job", ErrBadQuery)
	}
	query := url.Values{"job": {job}}
	page, err := p.gate.List(r.Context(), history.Filter{Job: literal(job)}, history.Paging{Limit: 1})
	if err != nil {
		return err
	}
	if len(page.Runs) > 0 {
		query.Set("connection", page.Runs[0].Spec.Connection)
		if refs := page.Runs[0].Spec.Refs; refs != nil {
			query.Set("repo", refs.Org+"/"+refs.Repo)
		}
	}
	return lead(w, r, "/job?"+query.Encode())
}

func (p *routes) prHistory(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	connection := cmp.Or(q.Get("connection"), p.gate.Settings().DefaultConnection)
	return lead(w, r, "/pull?"+url.Values{
		"connection": {connection}, "repo": {q.Get("org") + "/" + q.Get("repo")}, "number": {q.Get("pr")},
	}.Encode())
}

func (p *routes) help(w http.ResponseWriter, r *http.Request) error {
	repo := cmp.Or(strings.Trim(r.PathValue("repo"), "/"), r.URL.Query().Get("repo"))
	if repo == "" {
		return lead(w, r, "/help")
	}
	return lead(w, r, "/help?"+url.Values{"repo": {repo}}.Encode())
}
