package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type pulls struct{ *api }

// Get implements scm.PullRequests. Where a fork is the source, its name costs a second call.
func (p pulls) Get(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	found, err := p.get(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	pr, err := p.normal(ctx, found, ref.Repo, map[int64]string{})
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	return &pr, nil
}

func (a *api) get(ctx context.Context, ref scm.PullRef) (*mergeRequest, error) {
	var answer mergeRequest
	_, err := a.Do(ctx, rest.Get("pulls.get", pullKind.path(ref)), nil, &answer)
	return &answer, err
}

// Complete implements scm.PullRequests.
func (p pulls) Complete(ctx context.Context, told scm.PullRequest) (*scm.PullRequest, error) {
	return p.Get(ctx, told.Ref)
}

// List implements scm.PullRequests. Each fork's name costs one call.
func (p pulls) List(ctx context.Context, repo scm.Repo) ([]scm.PullRequest, error) {
	c := rest.Get("pulls.list", projectPath(repo, string(pullKind)))
	c.Query = url.Values{"state": {"opened"}, "scope": {"all"}, "order_by": {"created_at"}, "sort": {"asc"}}
	found, err := list[mergeRequest](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
	}
	var all []scm.PullRequest
	forks := map[int64]string{}
	for i := range found {
		one, err := p.normal(ctx, &found[i], repo, forks)
		if err != nil {
			return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// normal translates a merge request and names the repository of its head.
func (p pulls) normal(ctx context.Context, m *mergeRequest, repo scm.Repo, forks map[int64]string) (scm.PullRequest, error) {
	pr, err := m.normal(repo)
	if err != nil || m.SourceProjectID == 0 {
		return pr, err
	}
	pr.CloneURL = p.web + repo.FullName() + ".git"
	if m.SourceProjectID == m.TargetProjectID {
		pr.Head.Repo = repo.FullName()
		return pr, nil
	}
	name, known := forks[m.SourceProjectID]
	if !known {
		if name, err = p.projectName(ctx, m.SourceProjectID); err != nil {
			return pr, err
		}
		forks[m.SourceProjectID] = name
	}
	pr.Head.Repo = name
	return pr, nil
}

// projectName is empty for a project that is deleted, or that the token may not see.
func (a *api) projectName(ctx context.Context, id int64) (string, error) {
	var answer repository
	_, err := a.Do(ctx, rest.Get("repos.get", []string{"projects", number(id)}), nil, &answer)
	if errors.Is(err, scm.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("get source project %d: %w", id, err)
	}
	return answer.FullName, nil
}

// draftPrefix makes a title a draft's.
const draftPrefix = "Draft: "

// Create implements scm.PullRequests.
func (p pulls) Create(ctx context.Context, repo scm.Repo, wanted scm.NewPull) (*scm.PullRequest, error) {
	in := struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Source      string `json:"source_branch"`
		Target      string `json:"target_branch"`
	}{wanted.Title, wanted.Body, wanted.Head, wanted.Base}
	if wanted.Draft {
		in.Title = draftPrefix + in.Title
	}
	var made mergeRequest
	if _, err := p.Do(ctx, rest.Post("pulls.create", projectPath(repo, string(pullKind))), in, &made); err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	pr, err := p.normal(ctx, &made, repo, map[int64]string{})
	if err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	return &pr, nil
}

// thingPatch is what of a merge request or issue is written; nil stays. An id of zero alone takes all people out, or the
// milestone.
type thingPatch struct {
	Title        *string `json:"title,omitempty"`
	Description  *string `json:"description,omitempty"`
	Base         *string `json:"target_branch,omitempty"`
	StateEvent   string  `json:"state_event,omitempty"`
	AddLabels    string  `json:"add_labels,omitempty"`
	RemoveLabels string  `json:"remove_labels,omitempty"`
	Assignees    []int64 `json:"assignee_ids,omitempty"`
	Reviewers    []int64 `json:"reviewer_ids,omitempty"`
	Milestone    *int64  `json:"milestone_id,omitempty"`
}

// stateEvents are what leads to a state.
var stateEvents = map[scm.State]string{scm.StateOpen: "reopen", scm.StateClosed: "close"}

func stateEvent(wanted *scm.State) (string, error) {
	if wanted == nil {
		return "", nil
	}
	event, ok := stateEvents[*wanted]
	if !ok {
		return "", fmt.Errorf("state %q cannot be set: %w", *wanted, scm.ErrInvalid)
	}
	return event, nil
}

// Edit implements scm.PullRequests.
func (p pulls) Edit(ctx context.Context, ref scm.PullRef, patch scm.PullPatch) error {
	if patch == (scm.PullPatch{}) {
		return nil // which GitLab refuses
	}
	event, err := stateEvent(patch.State)
	if err == nil {
		in := thingPatch{Title: patch.Title, Description: patch.Body, Base: patch.Base, StateEvent: event}
		_, err = p.Do(ctx, rest.Put("pulls.edit", pullKind.path(ref)), in, nil)
	}
	if err != nil {
		return fmt.Errorf("edit pull request %v: %w", ref, err)
	}
	return nil
}

// diffRefs are the commits of a change: where it left the base, where the base stood when it was pushed, its own.
type diffRefs struct {
	Base  string `json:"base_sha"`
	Start string `json:"start_sha"`
	Head  string `json:"head_sha"`
}

// mergeRequest is a merge request as the API writes it. The diff refs and the count of changes are told of a single one only.
type mergeRequest struct {
	IID             int        `json:"iid"`
	Title           string     `json:"title"`
	Description     string     `json:"description"`
	State           string     `json:"state"`
	Draft           bool       `json:"draft"`
	WebURL          string     `json:"web_url"`
	Author          *user      `json:"author"`
	Assignees       []user     `json:"assignees"`
	Reviewers       []user     `json:"reviewers"`
	Labels          []string   `json:"labels"`
	Milestone       *milestone `json:"milestone"`
	SourceBranch    string     `json:"source_branch"`
	TargetBranch    string     `json:"target_branch"`
	SourceProjectID int64      `json:"source_project_id"` // null when a fork was deleted
	TargetProjectID int64      `json:"target_project_id"`
	SHA             string     `json:"sha"`
	DiffRefs        diffRefs   `json:"diff_refs"`
	MergeStatus     string     `json:"merge_status"`
	Detailed        string     `json:"detailed_merge_status"`
	MergeSHA        string     `json:"merge_commit_sha"`
	SquashSHA       string     `json:"squash_commit_sha"`
	ChangesCount    string     `json:"changes_count"`
	Updated         time.Time  `json:"updated_at"`
}

func (m *mergeRequest) normal(repo scm.Repo) (scm.PullRequest, error) {
	if m.IID <= 0 {
		return scm.PullRequest{}, fmt.Errorf("merge request has no number: %w", scm.ErrMalformed)
	}
	head, errHead := scm.CommitID(m.SHA)
	base, errBase := scm.CommitID(m.DiffRefs.Start)
	merged, errMerged := scm.CommitID(m.mergeSHA())
	if err := errors.Join(errHead, errBase, errMerged); err != nil {
		return scm.PullRequest{}, fmt.Errorf("commits of !%d: %w", m.IID, err)
	}
	return scm.PullRequest{
		Ref:       scm.PullRef{Repo: repo, Number: m.IID},
		Title:     m.Title,
		Body:      m.Description,
		Author:    m.Author.normal(),
		Base:      scm.Branch{Name: m.TargetBranch, SHA: base, Repo: repo.FullName()},
		Head:      scm.Branch{Name: m.SourceBranch, SHA: head},
		Link:      m.WebURL,
		Labels:    m.Labels,
		State:     stateOf(m.State),
		Draft:     m.Draft,
		Mergeable: mergeable(m.MergeStatus, m.Detailed),
		Assignees: users(m.Assignees),
		Reviewers: users(m.Reviewers),
		Milestone: m.Milestone.title(),
		MergeSHA:  merged,
		Updated:   m.Updated.UTC(),
	}, nil
}

// mergeSHA is the last commit that a merge put onto the base: of a fast-forward the head itself.
func (m *mergeRequest) mergeSHA() string {
	if stateOf(m.State) != scm.StateMerged {
		return ""
	}
	return first(m.MergeSHA, m.SquashSHA, m.SHA)
}

// preparing says that GitLab has not looked at the change yet, a few seconds after it was opened.
func (m *mergeRequest) preparing() bool { return m.Detailed == "preparing" }

// stateOf reads a state; "locked" is a merge that is under way.
func stateOf(state string) scm.State {
	switch state {
	case "merged":
		return scm.StateMerged
	case "closed":
		return scm.StateClosed
	default:
		return scm.StateOpen
	}
}

// mergeable reads the status that is about conflicts alone; the detailed one names only the first of all reasons.
func mergeable(status, detailed string) scm.Mergeable {
	switch {
	case status == "can_be_merged":
		return scm.MergeableYes
	case status == "cannot_be_merged", detailed == "conflict":
		return scm.MergeableNo
	}
	return scm.MergeableUnknown
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
