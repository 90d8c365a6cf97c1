package gitlab

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) statuses() {
	s.in("POST /statuses/{sha}", scm.PermissionWrite, setStatus)
	s.in("GET /repository/commits/{sha}/statuses", scm.PermissionRead, listStatuses)
}

// common are the states as other vendors know them.
var common = map[string]scm.StatusState{
	"pending": scm.StatusPending, "running": scm.StatusPending, "success": scm.StatusSuccess, "failed": scm.StatusFailure,
	"canceled": scm.StatusError, "skipped": scm.StatusSuccess,
}

// native is GitLab's own state, which is the status's key if the API set it.
func native(s *simulator.Status) string {
	if _, known := common[s.Key]; known {
		return s.Key
	}
	return map[scm.StatusState]string{
		scm.StatusPending: "pending", scm.StatusSuccess: "success", scm.StatusFailure: "failed", scm.StatusError: "failed",
	}[s.State]
}

const longest = 255

func tooLong(field, text string) error {
	if utf8.RuneCountInString(text) <= longest {
		return nil
	}
	return &refusal{http.StatusBadRequest, object{field: []string{fmt.Sprintf("is too long (maximum is %d characters)", longest)}}}
}

func setStatus(c *call) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	sha := c.repo.Resolve(c.PathValue("sha"))
	if sha == "" {
		return missing("Commit")
	}
	if in.Name == "" {
		in.Name = in.Context
	}
	if in.Name == "" {
		in.Name = "default"
	}
	if _, known := common[in.State]; !known {
		return answer{http.StatusBadRequest, object{"error": "state does not have a valid value"}}, nil
	}
	if in.Ref == "" && len(c.repo.Statuses[sha]) == 0 && c.branchOf(sha) == "" {
		return missing("References for commit")
	}
	description := ""
	if in.Description != nil {
		description = *in.Description
	}
	for field, text := range map[string]string{"name": in.Name, "target_url": in.TargetURL, "description": description} {
		if err := tooLong(field, text); err != nil {
			return fail(err)
		}
	}
	if err := c.transition(sha, in.Name, in.State); err != nil {
		return fail(err)
	}
	st := c.SetStatus(c.actor, c.repo, sha, in.State, scm.Status{
		Context: in.Name, State: common[in.State], Description: description, TargetURL: in.TargetURL,
	})
	return made(c.status(sha, st))
}

// transition refuses what does not follow from a status of the same person that has not ended.
func (c *call) transition(sha, name, to string) error {
	now := ""
	for _, st := range c.repo.Statuses[sha] {
		if st.Context == name && st.Author == c.actor {
			now = native(st)
		}
	}
	event := map[string]string{"pending": "enqueue", "running": "run"}[to]
	if event == "" || now != "running" && (now != "pending" || to == "running") {
		return nil
	}
	return &refusal{http.StatusBadRequest, fmt.Sprintf("Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via %q)", event, now, event)}
}

// branchOf is a branch that has a commit, empty for none.
func (c *call) branchOf(sha string) string {
	for _, branch := range c.repo.Branches() {
		if c.repo.MergeBase("refs/heads/"+branch, sha) == sha {
			return branch
		}
	}
	return ""
}

func (c *call) status(sha string, st *simulator.Status) object {
	out := object{
		"id": st.ID, "sha": sha, "ref": c.repo.DefaultBranch, "status": native(st), "name": st.Context, "target_url": nil, "description": nil,
		"created_at": stamp(st.Created), "started_at": nil, "finished_at": nil, "allow_failure": false, "coverage": nil, "pipeline_id": 1,
		"author": c.user(st.Author),
	}
	if st.TargetURL != "" {
		out["target_url"] = st.TargetURL
	}
	if st.Description != "" {
		out["description"] = st.Description
	}
	return out
}

// listStatuses lists the last of each name and person, unless all are asked for.
func listStatuses(c *call) (answer, error) {
	sha := c.repo.Resolve(c.PathValue("sha"))
	if sha == "" {
		return missing("Commit")
	}
	type identity struct {
		name string
		by   *simulator.User
	}
	last := map[identity]*simulator.Status{}
	for _, st := range c.repo.Statuses[sha] {
		last[identity{st.Context, st.Author}] = st
	}
	var all []*simulator.Status
	for _, st := range c.repo.Statuses[sha] {
		if last[identity{st.Context, st.Author}] == st || c.query("all") == "true" {
			all = append(all, st)
		}
	}
	return ok(each(page(c, all), func(st *simulator.Status) object { return c.status(sha, st) }))
}
