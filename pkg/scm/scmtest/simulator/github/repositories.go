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
	s.in("GET ", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view().fullRepo(c.repo)) })
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
	return ok(map[string]any{
		"ref": "refs/heads/" + c.PathValue("branch"), "node_id": "REF_" + sha,
		"url":    c.view().repoAPI(c.repo) + "/git/refs/heads/" + c.PathValue("branch"),
		"object": map[string]any{"type": "commit", "sha": sha, "url": c.view().repoAPI(c.repo) + "/git/commits/" + sha},
	})
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
	ahead, err := c.repo.Log(base, head)
	if err != nil {
		return fail(err)
	}
	behind, err := c.repo.Log(head, base)
	if err != nil {
		return fail(err)
	}
	out, err := c.comparison(base, head)
	if err != nil {
		return fail(err)
	}
	slices.Reverse(ahead)
	out["status"] = relation(len(ahead), len(behind))
	out["ahead_by"], out["behind_by"], out["total_commits"] = len(ahead), len(behind), len(ahead)
	out["commits"], out["files"] = c.commits(page(c, ahead)), c.files(head, files[:min(len(files), 300)])
	return ok(out)
}

// comparison names the two commits compared and the one they came from.
func (c *call) comparison(base, head string) (map[string]any, error) {
	between := fmt.Sprintf("%.12s...%.12s", base, head)
	html := c.base + "/" + c.repo.FullName() + "/compare/" + between
	out := map[string]any{
		"url": c.view().repoAPI(c.repo) + "/compare/" + between, "html_url": html, "permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
	}
	for name, sha := range map[string]string{"base_commit": base, "merge_base_commit": c.repo.MergeBase(base, head)} {
		found, err := one(c.repo, sha)
		if err != nil {
			return nil, err
		}
		out[name] = c.commits([]simulator.Commit{found})[0]
	}
	return out, nil
}

func relation(ahead, behind int) string {
	switch {
	case ahead > 0 && behind > 0:
		return "diverged"
	case ahead > 0:
		return "ahead"
	case behind > 0:
		return "behind"
	}
	return "identical"
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
	out := c.view().status(c.repo, sha, st)
	out["creator"] = c.view().user(c.actor)
	return made(out)
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
		"state": worst, "sha": sha, "total_count": len(all), "repository": c.view().repo(c.repo), "commit_url": c.view().commitAPI(c.repo, sha),
		"url":      c.view().commitAPI(c.repo, sha) + "/status",
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
	return answer{http.StatusOK, map[string]any{"permission": old, "role_name": roles[p], "user": c.view().collaborator(u, p)}}, nil
}
