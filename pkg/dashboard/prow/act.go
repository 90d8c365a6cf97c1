package prow

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
)

// named opens the run that ?prowjob= names.
func (p *routes) named(r *http.Request) (*gate.Run, error) {
	name := r.URL.Query().Get("prowjob")
	if name == "" || len(name) > longest {
		return nil, fmt.Errorf("%w: say which run with ?prowjob=", ErrBadQuery)
	}
	return p.gate.Run(r.Context(), name)
}

func (p *routes) prowJob(w http.ResponseWriter, r *http.Request) error {
	run, err := p.named(r)
	if err != nil {
		return err
	}
	text, err := run.YAML(r.Context(), gate.OfProwJob)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

// rerun starts a run again: as it was, or with mode=latest as its job is configured now.
func (p *routes) rerun(w http.ResponseWriter, r *http.Request) error {
	mode := cmp.Or(gate.RerunMode(r.URL.Query().Get("mode")), gate.RerunOriginal)
	if mode != gate.RerunOriginal && mode != gate.RerunLatest {
		return fmt.Errorf("%w: mode is %q, want original or latest", ErrBadQuery, mode)
	}
	run, err := p.named(r)
	if err != nil {
		return err
	}
	name, err := run.Rerun(r.Context(), mode)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/runs/"+name)
	return say(w, http.StatusCreated, "Job successfully triggered. Wait 30 seconds and refresh the page for the job to show up.\n")
}

func (p *routes) abort(w http.ResponseWriter, r *http.Request) error {
	run, err := p.named(r)
	if err != nil {
		return err
	}
	if err := run.Abort(r.Context(), ""); err != nil {
		return err
	}
	return say(w, http.StatusOK, "The run is told to stop.\n")
}

func say(w http.ResponseWriter, code int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // the client is gone, which nobody needs to know
	return nil
}

// Config is the configuration as text, for programs; people get a page.
func Config(g *gate.Gate, w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("key") == "disabled-clusters" {
		return say(w, http.StatusOK, "[]\n")
	}
	return files(g, w, r, func(name string) bool { return !ofPlugins(name) })
}

func (p *routes) pluginConfig(w http.ResponseWriter, r *http.Request) error {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		return lead(w, r, "/config")
	}
	return files(p.gate, w, r, ofPlugins)
}

func ofPlugins(name string) bool { return strings.HasPrefix(path.Base(name), "plugins") }

// files joins the files that are wanted as one stream of YAML documents.
func files(g *gate.Gate, w http.ResponseWriter, r *http.Request, wanted func(name string) bool) error {
	setup, err := g.Setup(r.Context())
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range setup.Files {
		if wanted(f.Name) {
			fmt.Fprintf(&b, "---\n# %s\n%s\n", f.Name, strings.TrimRight(f.Text, "\n"))
		}
	}
	return say(w, http.StatusOK, b.String())
}
