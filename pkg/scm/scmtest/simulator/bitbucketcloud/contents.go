package bitbucketcloud

import (
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) contents() {
	s.in("GET /src/{sha}/{path...}", scm.PermissionRead, at(readSource))
	s.in("GET /diffstat/{spec...}", scm.PermissionRead, diffstat)
}

// emptyTree is what git knows the tree without files by.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// readSource gives a file as it is, the page of a folder, or with format=meta what either is.
func readSource(c *call, sha string) (answer, error) {
	path := strings.TrimSuffix(c.PathValue("path"), "/")
	text, err := c.repo.File(sha, path)
	isFile := err == nil
	inside, err := folder(c.repo, sha, path)
	meta := func(path, kind string) map[string]any {
		self := c.view().repoAPI(c.repo, "src", sha, path)
		return map[string]any{
			"path": path, "type": kind, "commit": c.view().commitLink(c.repo, sha), "links": map[string]any{"self": link(self), "meta": link(self + "?format=meta")},
		}
	}
	switch {
	case err != nil:
		return fail(err)
	case !isFile && len(inside) == 0:
		return fail(&refusal{status: http.StatusNotFound, message: "No such file or directory: " + path})
	case c.Request.URL.Query().Get("format") == "meta" && isFile:
		out := meta(path, "commit_file")
		out["size"], out["attributes"] = len(text), []string{}
		return ok(out)
	case c.Request.URL.Query().Get("format") == "meta":
		return ok(meta(path, "commit_directory"))
	case isFile:
		return ok(raw(text))
	}
	return list(c, things, inside, func(name string) map[string]any {
		if strings.HasSuffix(name, "/") {
			return meta(strings.TrimSuffix(name, "/"), "commit_directory")
		}
		return meta(name, "commit_file")
	})
}

// folder is what is right below a path, folders with a slash at their end; nothing for a path that is no folder.
func folder(r *simulator.Repo, sha, path string) ([]string, error) {
	all, err := r.Diff(emptyTree, sha, false)
	if err != nil {
		return nil, err
	}
	var inside []string
	for _, f := range all {
		below, ok := strings.CutPrefix(f.Path, path+"/")
		if path == "" {
			below, ok = f.Path, true
		}
		if !ok {
			continue
		}
		name := strings.TrimSuffix(f.Path, below)
		first, _, deeper := strings.Cut(below, "/")
		if name += first; deeper {
			name += "/"
		}
		if len(inside) == 0 || inside[len(inside)-1] != name {
			inside = append(inside, name)
		}
	}
	return inside, nil
}

var fileStatus = map[string]string{"A": "added", "M": "modified", "D": "removed", "R": "renamed", "T": "modified"}

// diffstat compares the newer commit, which comes first, with the older one: from their merge base on unless topic is false.
func diffstat(c *call) (answer, error) {
	spec := c.PathValue("spec")
	if _, pair, ok := strings.Cut(spec, ":"); ok { // the repository of the newer one, whose objects are here too
		spec = pair
	}
	newer, older, ok := strings.Cut(spec, "..")
	if !ok {
		newer, older, ok = strings.Cut(spec, "\r")
	}
	if !ok {
		older = newer + "^"
	}
	from, to := c.repo.Resolve(older), c.repo.Resolve(newer)
	if from == "" || to == "" {
		return fail(missing("Commit"))
	}
	changed, err := c.repo.Diff(from, to, c.Request.URL.Query().Get("topic") != "false")
	if err != nil {
		return fail(err)
	}
	side := func(sha, path string) any {
		return map[string]any{"path": path, "escaped_path": path, "type": "commit_file", "links": map[string]any{"self": link(c.view().repoAPI(c.repo, "src", sha, path))}}
	}
	return list(c, files, changed, func(f simulator.FileChange) map[string]any {
		out := map[string]any{"type": "diffstat", "status": fileStatus[f.Status], "lines_added": 1, "lines_removed": 0, "old": side(from, f.Path), "new": side(to, f.Path)}
		switch f.Status {
		case "A":
			out["old"] = nil
		case "D":
			out["new"] = nil
		case "R":
			out["old"] = side(from, f.From)
		}
		return out
	})
}
