package bitbucketserver

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Bounds of what a build says, and of how many the listing of a commit tells.
const (
	maxField  = 255
	maxURL    = 450
	maxBuilds = 100
)

func (s *server) builds() {
	s.in("api", "POST /commits/{sha}/builds", scm.PermissionRead, setBuild)
	s.in("api", "GET /commits/{sha}/builds", scm.PermissionRead, getBuild)
	s.on("build-status", "GET /commits/{sha}", listBuilds)
}

var buildStates = map[string]scm.StatusState{
	"INPROGRESS": scm.StatusPending, "SUCCESSFUL": scm.StatusSuccess, "FAILED": scm.StatusFailure, "CANCELLED": scm.StatusError,
}

func buildState(state scm.StatusState) string {
	for name, is := range buildStates {
		if is == state {
			return name
		}
	}
	return "UNKNOWN"
}

// buildForm is a build as it is written.
type buildForm struct{ Key, Name, Parent, State, Description, URL string }

func (f *buildForm) check() error {
	for name, value := range map[string]string{"key": f.Key, "name": f.Name, "parent": f.Parent, "description": f.Description} {
		if len([]rune(value)) > maxField {
			return invalid(name, fmt.Sprintf("%s must have no more than %d characters.", name, maxField))
		}
	}
	_, known := buildStates[f.State]
	switch {
	case f.Key == "":
		return invalid("key", "The key must be supplied.")
	case !known && f.State != "UNKNOWN":
		return invalid("state", "The state is none that is known.")
	case f.URL == "" || len(f.URL) > maxURL:
		return invalid("url", fmt.Sprintf("A URL of no more than %d characters must be supplied.", maxURL))
	}
	if u, err := url.Parse(f.URL); err != nil || !u.IsAbs() {
		return invalid("url", "The URL must be absolute.")
	}
	return nil
}

// sha is the commit of the path by its whole hash; it need not exist yet.
func (c *call) sha() (string, error) {
	sha := c.PathValue("sha")
	if _, err := hex.DecodeString(sha); err != nil || len(sha) != 40 {
		return "", invalid("commitId", "The commit must be named by its full hash.")
	}
	return sha, nil
}

func setBuild(c *call) (answer, error) {
	sha, err := c.sha()
	if err != nil {
		return fail(err)
	}
	in, err := decode[buildForm](c)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return fail(err)
	}
	state, known := buildStates[in.State]
	if !known {
		state = scm.StatusError
	}
	c.SetStatus(c.actor, c.repo, sha, in.Key, scm.Status{Context: in.Key, State: state, Description: in.Description, TargetURL: in.URL})
	return none()
}

// newest are the builds of a commit in one repository, the last of each key.
func newest(r *simulator.Repo, sha string) []*simulator.Status {
	var all []*simulator.Status
	for _, s := range slices.Backward(r.Statuses[sha]) {
		if !slices.ContainsFunc(all, func(one *simulator.Status) bool { return one.Key == s.Key }) {
			all = append(all, s)
		}
	}
	return all
}

func renderBuild(s *simulator.Status) map[string]any {
	return map[string]any{"state": buildState(s.State), "key": s.Key, "name": s.Context, "url": s.TargetURL, "description": s.Description}
}

func getBuild(c *call) (answer, error) {
	sha, err := c.sha()
	if err != nil {
		return fail(err)
	}
	key := c.query("key")
	if key == "" {
		return fail(invalid("key", "The key must be supplied."))
	}
	for _, s := range newest(c.repo, sha) {
		if s.Key == key {
			out := renderBuild(s)
			out["parent"], out["createdDate"], out["updatedDate"] = s.Key, s.Created.UnixMilli(), s.Created.UnixMilli()
			return ok(out)
		}
	}
	return fail(missing("build.status.NoSuchBuildStatusException", "No build status with key %s exists for commit %s.", key, sha))
}

// listBuilds tells the newest builds of a commit in whatever repository they were made.
func listBuilds(c *call) (answer, error) {
	sha, err := c.sha()
	if err != nil {
		return fail(err)
	}
	var all []*simulator.Status
	for _, o := range c.Orgs() {
		for _, r := range c.Repos(o.Path) {
			all = append(all, newest(r, sha)...)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Status) int { return b.ID - a.ID })
	return page(c, all[:min(len(all), maxBuilds)], func(s *simulator.Status) map[string]any {
		out := renderBuild(s)
		out["dateAdded"] = s.Created.UnixMilli()
		return out
	})
}
