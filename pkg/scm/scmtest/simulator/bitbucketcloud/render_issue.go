package bitbucketcloud

import (
	"strconv"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// issueStates are the states of an issue, and what they mean.
var issueStates = map[string]scm.State{
	"submitted": scm.StateOpen, "new": scm.StateOpen, "open": scm.StateOpen, "on hold": scm.StateOpen, "resolved": scm.StateClosed,
	"invalid": scm.StateClosed, "duplicate": scm.StateClosed, "wontfix": scm.StateClosed, "closed": scm.StateClosed,
}

// issueState is the word that was last given, unless the issue's state is another one since.
func issueState(i *simulator.Issue) string {
	switch {
	case issueStates[i.Word] == i.State:
		return i.Word
	case i.State == scm.StateClosed:
		return "resolved"
	case i.Word != "":
		return "open"
	}
	return "new"
}

func (v view) issue(i *simulator.Issue) map[string]any {
	number := strconv.Itoa(i.Number)
	var assignee *simulator.User
	if len(i.Assignees) > 0 {
		assignee = i.Assignees[0]
	}
	return map[string]any{
		"type": "issue", "id": i.Number, "title": i.Title, "content": text(i.Body), "reporter": v.user(i.Author), "assignee": v.user(assignee),
		"state": issueState(i), "kind": "bug", "priority": "major", "milestone": milestone(i.Milestone), "component": nil, "version": nil,
		"votes": 0, "created_on": stamp(i.Created), "updated_on": stamp(i.Updated), "edited_on": nil, "repository": v.brief(i.Repo),
		"links": map[string]any{
			"self": link(v.repoAPI(i.Repo, "issues", number)), "html": link(v.page(i.Repo, "issues", number)),
			"comments": link(v.repoAPI(i.Repo, "issues", number, "comments")), "vote": link(v.repoAPI(i.Repo, "issues", number, "vote")),
		},
	}
}

func milestone(m *simulator.Milestone) any {
	if m == nil {
		return nil
	}
	return map[string]any{"type": "milestone", "id": m.Number, "name": m.Title}
}

var statusStates = map[scm.StatusState]string{
	scm.StatusPending: "INPROGRESS", scm.StatusSuccess: "SUCCESSFUL", scm.StatusFailure: "FAILED", scm.StatusError: "STOPPED",
}

func (v view) status(r *simulator.Repo, sha string, s *simulator.Status) map[string]any {
	return map[string]any{
		"type": "build", "key": s.Key, "name": s.Context, "state": statusStates[s.State], "description": s.Description, "url": s.TargetURL, "refname": nil,
		"commit": v.commitLink(r, sha), "repository": v.brief(r), "created_on": stamp(s.Created), "updated_on": stamp(s.Created),
		"links": map[string]any{"self": link(v.repoAPI(r, "commit", sha, "statuses", "build", s.Key)), "commit": link(v.repoAPI(r, "commit", sha))},
	}
}

func (v view) hook(h *simulator.Hook, o *simulator.Org, r *simulator.Repo) map[string]any {
	out := map[string]any{
		"type": "webhook_subscription", "uuid": uuid(hookKind, h.ID), "description": h.Form["description"], "url": h.URL, "active": h.Active,
		"events": h.Events, "secret_set": h.Secret != "", "skip_cert_verification": h.Form["skip_cert_verification"],
	}
	if r != nil {
		out["subject_type"], out["subject"] = "repository", v.brief(r)
	} else {
		out["subject_type"], out["subject"] = "workspace", v.workspace(o)
	}
	return out
}
