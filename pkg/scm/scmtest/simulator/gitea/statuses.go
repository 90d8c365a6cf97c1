package gitea

import (
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) statuses() {
	s.in("POST /statuses/{sha}", scm.PermissionWrite, setStatus)
	s.in("GET /statuses/{sha}", scm.PermissionRead, listStatuses)
}

// setStatus takes any state, and none for a context; a commit that does not exist is a failure of the server.
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
	if sha == "" {
		return fail(errServer)
	}
	st := c.SetStatus(c.actor, c.repo, sha, in.Context, scm.Status{Context: in.Context, State: in.State, Description: in.Description, TargetURL: in.TargetURL})
	return made(c.view().status(c.repo, sha, st))
}

// listStatuses gives every status that was ever set. Gitea's names of the orders do not say what they are.
func listStatuses(c *call) (answer, error) {
	sha := c.PathValue("sha")
	all := slices.Clone(c.repo.Statuses[sha])
	if oldestFirst := []string{"oldest", "leastupdate", "highestindex"}; !slices.Contains(oldestFirst, c.FormValue("sort")) {
		slices.Reverse(all)
	}
	return ok(each(page(c, all), func(st *simulator.Status) map[string]any { return c.view().status(c.repo, sha, st) }))
}

// status renders a status, which the API numbers by commit.
func (v view) status(r *simulator.Repo, sha string, st *simulator.Status) map[string]any {
	return map[string]any{
		"id": slices.Index(r.Statuses[sha], st) + 1, "status": st.State, "context": st.Context, "description": st.Description, "target_url": st.TargetURL,
		"url": v.repoAPI(r) + "/statuses/" + sha, "creator": v.user(st.Author), "created_at": stamp(st.Created), "updated_at": stamp(st.Created),
	}
}
