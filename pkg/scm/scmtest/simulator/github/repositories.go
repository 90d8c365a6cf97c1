package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) repositories() {
	s.in("GET ", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view().repo(c.repo)) })
	s.in("GET /contents/{path...}", scm.PermissionRead, readFile)
	s.in("GET /git/ref/heads/{branch...}", scm.PermissionRead, getBranch)
	s.in("DELETE /git/refs/heads/{branch...}", scm.PermissionWrite, deleteBranch)
	s.in("GET /compare/{range...}", scm.PermissionRead, compare)
	s.in("POST /statuses/{sha}", scm.PermissionWrite, setStatus)
	s.in("GET /commits/{sha}/status", scm.PermissionRead, combinedStatus)
	s.in("GET /commits/{sha}/check-runs", scm.PermissionRead, func(*call) (answer, error) {
		return ok(map[string]any{"total_count": 0, "check_runs": []any{}})
	})
	s.in("GET /collaborators/{login}/permission", scm.PermissionWrite, permission)
}

func readFile(c *call) (answer, error) {
	at := c.FormValue("ref")
	if at == "" {
		at = c.repo.DefaultBranch
	}
	text, err := c.repo.File(at, c.PathValue("path"))
	if err != nil {
		return fail(err)
	}
	return ok([]byte(text))
}

func getBranch(c *call) (answer, error) {
	sha := c.repo.Tip(c.PathValue("branch"))
	if sha == "" {
		return fail(simulator.ErrNotFound)
	}
	return ok(map[string]any{"ref": "refs/heads/" + c.PathValue("branch"), "node_id": "", "url": "", "object": map[string]any{"type": "commit", "sha": sha, "url": ""}})
}

func deleteBranch(c *call) (answer, error) {
	if c.repo.Tip(c.PathValue("branch")) == "" {
		return fail(&invalid{"Reference", "ref", "custom", "Reference does not exist"})
	}
	if err := c.SetRef(c.actor, c.repo, "refs/heads/"+c.PathValue("branch"), ""); err != nil {
		return fail(err)
	}
	return none()
}

func compare(c *call) (answer, error) {
	from, to, _ := strings.Cut(c.PathValue("range"), "...")
	base, head := c.repo.Resolve(from), c.repo.Resolve(to)
	if base == "" || head == "" {
		return fail(simulator.ErrNotFound)
	}
	files, err := c.repo.Diff(base, head, true)
	if err != nil {
		return fail(err)
	}
	commits, err := c.repo.Log(base, head)
	if err != nil {
		return fail(err)
	}
	slices.Reverse(commits)
	status := "diverged"
	switch c.repo.MergeBase(base, head) {
	case head:
		status = "behind"
		if base == head {
			status = "identical"
		}
	case base:
		status = "ahead"
	}
	return ok(map[string]any{
		"status": status, "ahead_by": len(commits), "total_commits": len(commits),
		"commits": c.commits(page(c, commits)), "files": each(files[:min(len(files), 300)], renderFile),
	})
}

func setStatus(c *call) (answer, error) {
	in, err := decode[struct {
		Context     string
		State       scm.StatusState
		Description string
		TargetURL   string `json:"target_url"`
	}](c)
	if err != nil {
		return fail(err)
	}
	sha := c.repo.Resolve(c.PathValue("sha"))
	switch {
	case sha == "":
		return fail(&invalid{"Status", "sha", "custom", "No commit found for SHA: " + c.PathValue("sha")})
	case !slices.Contains([]scm.StatusState{"pending", "success", "failure", "error"}, in.State):
		return fail(&invalid{"Status", "state", "custom", "state is not included in the list"})
	case len([]rune(in.Description)) > 140:
		return fail(&invalid{"Status", "description", "custom", "description is too long (maximum is 140 characters)"})
	}
	if in.Context == "" {
		in.Context = "default"
	}
	st := c.SetStatus(c.actor, c.repo, sha, in.Context, scm.Status{Context: in.Context, State: in.State, Description: in.Description, TargetURL: in.TargetURL})
	return made(c.view().status(c.repo, sha, st))
}

func combinedStatus(c *call) (answer, error) {
	sha := c.repo.Resolve(c.PathValue("sha"))
	if sha == "" {
		return fail(&invalid{"Status", "sha", "custom", "No commit found for SHA: " + c.PathValue("sha")})
	}
	newest := map[string]*simulator.Status{}
	var order []string
	for _, st := range c.repo.Statuses[sha] {
		if newest[st.Context] == nil {
			order = append(order, st.Context)
		}
		newest[st.Context] = st
	}
	worst := "success"
	all := make([]*simulator.Status, len(order))
	for i, name := range order {
		all[i] = newest[name]
		if all[i].State != scm.StatusSuccess && worst == "success" || all[i].State == scm.StatusFailure || all[i].State == scm.StatusError {
			worst = map[scm.StatusState]string{scm.StatusPending: "pending", scm.StatusFailure: "failure", scm.StatusError: "failure"}[all[i].State]
		}
	}
	if len(all) == 0 {
		worst = "pending"
	}
	return ok(map[string]any{
		"state": worst, "sha": sha, "total_count": len(all), "repository": c.view().repo(c.repo), "commit_url": "", "url": "",
		"statuses": each(page(c, all), func(st *simulator.Status) map[string]any { return c.view().status(c.repo, sha, st) }),
	})
}

var roles = []string{"none", "read", "triage", "write", "maintain", "admin"}

func permission(c *call) (answer, error) {
	u, err := c.User(c.PathValue("login"))
	if err != nil {
		return fail(fmt.Errorf("%s is not a user: %w", c.PathValue("login"), simulator.ErrNotFound))
	}
	p := c.Permission(c.repo, u)
	old := map[scm.Permission]string{scm.PermissionTriage: "read", scm.PermissionMaintain: "write"}[p] // roles that came later
	if old == "" {
		old = roles[p]
	}
	return answer{http.StatusOK, map[string]any{"permission": old, "role_name": roles[p], "user": c.view().user(u)}}, nil
}
