package vendors_test

import (
	"fmt"

	gl "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var gitlabMergeable = map[string]scm.Mergeable{"can_be_merged": scm.MergeableYes, "cannot_be_merged": scm.MergeableNo}

func gitlabMerge(e *gl.MergeEvent, as scm.Event) scm.Event {
	a := e.ObjectAttributes
	meta := gitlabMeta(e.Project.PathWithNamespace, eventUser(e.User))
	pull := scm.PullRequest{
		Ref: scm.PullRef{Repo: meta.Repo, Number: int(a.IID)}, Title: a.Title, Body: a.Description, Author: scm.User{ID: id(a.AuthorID)},
		Base: scm.Branch{Name: a.TargetBranch, Repo: e.Project.PathWithNamespace}, Head: scm.Branch{Name: a.SourceBranch, SHA: a.LastCommit.ID},
		Link: a.URL, Labels: eventLabels(e.Labels), State: gitlabState(a.State), Draft: a.Draft, Mergeable: gitlabMergeable[a.MergeStatus],
		CloneURL: e.Project.GitHTTPURL, Assignees: eventUsers(e.Assignees), Reviewers: eventUsers(e.Reviewers),
	}
	if a.Source != nil {
		pull.Head.Repo = a.Source.PathWithNamespace
	}
	if pull.State == scm.StateMerged {
		pull.MergeSHA = a.MergeCommitSHA
	}
	action := gitlabActions[a.Action]
	if _, isReview := as.(*scm.ReviewEvent); isReview {
		review := scm.Review{ID: id(e.User.ID), State: scm.ReviewApproved, Author: eventUser(e.User), Link: a.URL}
		return &scm.ReviewEvent{Meta: meta, Action: action, Review: review, Pull: pull}
	}
	event := &scm.PullRequestEvent{Meta: meta, Action: action, Pull: pull, Before: a.OldRev}
	if a.Action == "update" {
		event.Action, event.Edited = gitlabUpdate(e)
	}
	return event
}

// gitlabActions are GitLab's words for what happened.
var gitlabActions = map[string]scm.Action{
	"open": scm.ActionOpened, "reopen": scm.ActionReopened, "close": scm.ActionClosed, "merge": scm.ActionMerged,
	"approved": scm.ActionSubmitted, "unapproved": scm.ActionDismissed, "create": scm.ActionCreated, "update": scm.ActionEdited,
}

// gitlabUpdate says what an update is about by what has another value than before.
func gitlabUpdate(e *gl.MergeEvent) (scm.Action, scm.Edits) {
	c := e.Changes
	edits := scm.Edits{
		Title: c.Title.Previous != c.Title.Current, Body: c.Description.Previous != c.Description.Current,
		Base: c.TargetBranch.Previous != c.TargetBranch.Current,
	}
	switch {
	case e.ObjectAttributes.OldRev != "":
		return scm.ActionSynchronize, scm.Edits{}
	case edits.Base:
	case c.Draft.Current:
		return scm.ActionDrafted, scm.Edits{}
	case c.Draft.Previous:
		return scm.ActionReady, scm.Edits{}
	case len(c.Labels.Current) > len(c.Labels.Previous):
		return scm.ActionLabeled, scm.Edits{}
	case len(c.Labels.Current) < len(c.Labels.Previous):
		return scm.ActionUnlabeled, scm.Edits{}
	case edits == (scm.Edits{}):
		return scm.ActionOther, edits
	}
	return scm.ActionEdited, edits
}

func gitlabIssueEvent(e *gl.IssueEvent) scm.Event {
	a := e.ObjectAttributes
	meta := gitlabMeta(e.Project.PathWithNamespace, eventUser(e.User))
	issue := scm.Issue{
		Ref: scm.PullRef{Repo: meta.Repo, Number: int(a.IID)}, Title: a.Title, Body: a.Description, Author: scm.User{ID: id(a.AuthorID)},
		State: gitlabState(a.State), Labels: eventLabels(e.Labels), Link: a.URL,
	}
	if e.Assignees != nil {
		for _, u := range *e.Assignees {
			issue.Assignees = append(issue.Assignees, eventUser(&u))
		}
	}
	return &scm.IssueEvent{Meta: meta, Action: gitlabActions[a.Action], Issue: issue}
}

// gitlabPullComment tells of the merge request where the driver does, who knows its author then.
func gitlabPullComment(e *gl.MergeCommentEvent, as scm.Event) scm.Event {
	m, a := e.MergeRequest, e.ObjectAttributes
	out := &scm.CommentEvent{
		Meta: gitlabMeta(e.Project.PathWithNamespace, eventUser(e.User)), Number: int(m.IID), IsPull: true, State: gitlabState(m.State),
		Action: gitlabActions[string(a.Action)], Comment: scm.Comment{ID: id(a.ID), Body: a.Note, Author: scm.User{ID: id(a.AuthorID)}, Link: a.URL},
	}
	if p := a.Position; p != nil {
		out.Inline = &scm.Position{Path: p.NewPath, Line: int(p.NewLine)}
	}
	if event, is := as.(*scm.CommentEvent); is && event.Pull != nil {
		out.Pull = &scm.PullRequest{
			Ref: scm.PullRef{Repo: out.Meta.Repo, Number: int(m.IID)}, Title: m.Title, Body: m.Description, Author: scm.User{ID: id(m.AuthorID)},
			Base: scm.Branch{Name: m.TargetBranch, Repo: e.Project.PathWithNamespace}, Head: scm.Branch{Name: m.SourceBranch, SHA: m.LastCommit.ID},
			Link: m.URL, Labels: eventLabels(m.Labels), State: out.State, Draft: m.WorkInProgress, Mergeable: gitlabMergeable[m.MergeStatus],
			CloneURL: e.Project.GitHTTPURL,
		}
		if m.Source != nil {
			out.Pull.Head.Repo = m.Source.PathWithNamespace
		}
	}
	return out
}

func gitlabJob(e *gl.JobEvent) scm.Event {
	return &scm.StatusEvent{
		Meta: gitlabMeta(e.Project.PathWithNamespace, eventUser(e.User)), SHA: e.SHA, Branches: []string{e.Ref},
		Status: scm.Status{
			Context: e.BuildName, State: gitlabStates[e.BuildStatus], TargetURL: fmt.Sprintf("%s/-/jobs/%d", e.Project.WebURL, e.BuildID),
		},
	}
}

// gitlabStates are GitLab's words for the states of jobs.
var gitlabStates = map[string]scm.StatusState{
	"created": scm.StatusPending, "pending": scm.StatusPending, "running": scm.StatusPending, "success": scm.StatusSuccess,
	"failed": scm.StatusFailure, "canceled": scm.StatusError,
}
