package dashboard

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// frame is what every page shows around its own part.
type frame struct {
	Title, Version, Assets string
	// Doubts is the number of findings about the configuration.
	Doubts int
}

func (s *site) frame(title string) frame {
	c := s.Config()
	return frame{Title: title, Version: s.Version, Assets: "/static/" + assetVersion(), Doubts: len(c.Warnings) + len(c.Refused)}
}

func parsePages() map[string]*template.Template {
	functions := template.FuncMap{
		"short": func(sha string) string { return sha[:min(len(sha), 10)] },
		"stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"took":  func(r Run) string { return took(r.Created, r.Completed) },
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"list", "run", "config", "problem"} {
		page := template.New("layout.html").Funcs(functions)
		pages[name] = template.Must(page.ParseFS(assets, "assets/layout.html", "assets/"+name+".html"))
	}
	return pages
}

// took is the time a run needed, empty while it goes on.
func took(created time.Time, completed *time.Time) string {
	if completed == nil {
		return ""
	}
	return max(0, completed.Sub(created)).Round(time.Second).String()
}

// listed is one page of the list.
type listed struct {
	Runs []Run `json:"runs"`
	// Next is the query of the following page, empty on the last.
	Next string `json:"-"`
}

func (s *site) list(r *http.Request) (listed, Filter, error) {
	filter, err := parseFilter(r.URL.Query())
	if err != nil {
		return listed{}, filter, err
	}
	filter.Limit = pageSize + 1
	found, err := s.Runs.List(r.Context(), filter)
	if err != nil {
		return listed{}, filter, err
	}
	page := listed{Runs: []Run{}}
	if len(found) > pageSize {
		found = found[:pageSize]
		query := r.URL.Query()
		query.Set("before", found[pageSize-1].Spec.BuildID)
		page.Next = "?" + query.Encode()
	}
	for i := range found {
		page.Runs = append(page.Runs, s.runOf(&found[i]))
	}
	return page, filter, nil
}

var decimal = regexp.MustCompile(`^[0-9]{0,20}$`)

func parseFilter(q url.Values) (Filter, error) {
	f := Filter{
		Repo: strings.TrimSpace(q.Get("repo")), Job: strings.TrimSpace(q.Get("job")),
		State: v1alpha1.JobState(q.Get("state")), BuildID: q.Get("build"), Before: q.Get("before"),
	}
	for _, text := range []string{f.Repo, f.Job, f.BuildID} {
		if len(text) > longestFilter {
			return f, fmt.Errorf("%w: a filter is longer than %d bytes", errBadQuery, longestFilter)
		}
	}
	if !decimal.MatchString(f.Before) {
		return f, fmt.Errorf("%w: before is not a build id", errBadQuery)
	}
	if f.State != "" && !slices.Contains(states, f.State) {
		return f, fmt.Errorf("%w: there is no such state", errBadQuery)
	}
	if pull := strings.TrimPrefix(strings.TrimSpace(q.Get("pull")), "#"); pull != "" {
		n, err := strconv.ParseUint(pull, 10, 31)
		if err != nil || n == 0 {
			return f, fmt.Errorf("%w: pull is not a number", errBadQuery)
		}
		f.Pull = int(n)
	}
	return f, nil
}

var states = []v1alpha1.JobState{
	v1alpha1.StateScheduling, v1alpha1.StateTriggered, v1alpha1.StatePending, v1alpha1.StateSuccess,
	v1alpha1.StateFailure, v1alpha1.StateAborted, v1alpha1.StateError,
}

func (s *site) listPage(w http.ResponseWriter, r *http.Request) error {
	page, filter, err := s.list(r)
	if err != nil {
		return err
	}
	pull := ""
	if filter.Pull > 0 {
		pull = strconv.Itoa(filter.Pull)
	}
	return writePage(w, http.StatusOK, s.pages["list"], struct {
		frame
		listed
		Filter   Filter
		Pull     string
		States   []v1alpha1.JobState
		Filtered bool
	}{s.frame("Runs"), page, filter, pull, states, r.URL.RawQuery != ""})
}

func (s *site) listJSON(w http.ResponseWriter, r *http.Request) error {
	page, _, err := s.list(r)
	if err != nil {
		return err
	}
	next := ""
	if page.Next != "" {
		next = "/api/runs" + page.Next
	}
	return writeJSON(w, http.StatusOK, struct {
		listed
		// Next is the path of the following page.
		Next string `json:"next,omitempty"`
	}{page, next})
}

func (s *site) runPage(w http.ResponseWriter, r *http.Request) error {
	pj, err := s.Runs.Get(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	run := s.runOf(pj)
	return writePage(w, http.StatusOK, s.pages["run"], struct {
		frame
		Run Run
	}{s.frame(run.Job + " " + run.BuildID), run})
}

func (s *site) runJSON(w http.ResponseWriter, r *http.Request) error {
	pj, err := s.Runs.Get(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.runOf(pj))
}

// view leads Prow's job addresses, whose last element is the build id, to the run's page.
func (s *site) view(w http.ResponseWriter, r *http.Request) error {
	folder := strings.Trim(r.PathValue("path"), "/")
	build := folder[strings.LastIndexByte(folder, '/')+1:]
	address := "s3://" + r.PathValue("bucket") + "/" + folder + "/"
	if build == "" || len(build) > longestFilter {
		return &gone{address}
	}
	found, err := s.Runs.List(r.Context(), Filter{BuildID: build, Limit: 1})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return &gone{address}
	}
	http.Redirect(w, r, "/runs/"+url.PathEscape(found[0].Name), http.StatusFound)
	return nil
}
