package bitbucketserver

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// pull is a pull request as webhooks and the API write it.
type pull struct {
	ID           int           `json:"id"`
	Version      int           `json:"version"`
	Title        string        `json:"title"`
	Description  string        `json:"description"`
	State        string        `json:"state"`
	Draft        bool          `json:"draft"`
	FromRef      ref           `json:"fromRef"`
	ToRef        ref           `json:"toRef"`
	Author       *participant  `json:"author"`
	Reviewers    []participant `json:"reviewers"`
	Participants []participant `json:"participants"`
	Updated      millis        `json:"updatedDate"`
	Links        links         `json:"links"`
	Properties   struct {
		// MergeResult comes in listings; a current one is of the commits that the pull request is of now.
		MergeResult struct {
			Outcome string `json:"outcome"`
			Current bool   `json:"current"`
		} `json:"mergeResult"`
		MergeCommit struct {
			ID string `json:"id"`
		} `json:"mergeCommit"`
	} `json:"properties"`
}

// ref is one side of a pull request.
type ref struct {
	ID           string `json:"id"`
	DisplayID    string `json:"displayId"`
	LatestCommit string `json:"latestCommit"`
	// Repository is null when a fork was deleted.
	Repository *repository `json:"repository"`
}

// branch is the short name; a pull request may also come from a tag.
func (r *ref) branch() string {
	if name, ok := strings.CutPrefix(r.ID, "refs/heads/"); ok {
		return name
	}
	return r.DisplayID
}

func (r *ref) normal() (scm.Branch, error) {
	sha, err := scm.CommitID(r.LatestCommit)
	return scm.Branch{Name: r.branch(), SHA: sha, Repo: r.Repository.fullName()}, err
}

// normal translates a pull request of repo.
func (p *pull) normal(repo scm.Repo) (scm.PullRequest, error) {
	if p.ID <= 0 {
		return scm.PullRequest{}, fmt.Errorf("pull request has no number: %w", scm.ErrMalformed)
	}
	head, err := p.FromRef.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("head of #%d: %w", p.ID, err)
	}
	base, err := p.ToRef.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("base of #%d: %w", p.ID, err)
	}
	merged, err := scm.CommitID(p.Properties.MergeCommit.ID)
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("merge commit of #%d: %w", p.ID, err)
	}
	base.Repo = repo.FullName()
	pr := scm.PullRequest{
		Ref:      scm.PullRef{Repo: repo, Number: p.ID},
		Title:    p.Title,
		Body:     p.Description,
		Base:     base,
		Head:     head,
		Link:     p.link(),
		State:    stateOf(p.State),
		Draft:    p.Draft,
		MergeSHA: merged,
		Updated:  p.Updated.time(),
	}
	if p.Author != nil {
		pr.Author = p.Author.User.normal()
	}
	for i := range p.Reviewers {
		if u := p.Reviewers[i].User.normal(); u.Login != "" {
			pr.Reviewers = append(pr.Reviewers, u)
		}
	}
	if p.ToRef.Repository != nil {
		pr.CloneURL = p.ToRef.Repository.Links.clone()
	}
	if p.Properties.MergeResult.Current {
		pr.Mergeable = mergeable(p.Properties.MergeResult.Outcome)
	}
	return pr, nil
}

// link is the pull request's page. Some payloads leave it out, and its repository's is known.
func (p *pull) link() string {
	if self := p.Links.self(); self != "" {
		return self
	}
	if repo := p.ToRef.Repository.link(); repo != "" {
		return repo + "/pull-requests/" + strconv.Itoa(p.ID)
	}
	return ""
}

func stateOf(state string) scm.State {
	switch state {
	case "MERGED":
		return scm.StateMerged
	case "DECLINED":
		return scm.StateClosed
	default:
		return scm.StateOpen
	}
}

func mergeable(outcome string) scm.Mergeable {
	switch outcome {
	case "CLEAN":
		return scm.MergeableYes
	case "CONFLICTED":
		return scm.MergeableNo
	default:
		return scm.MergeableUnknown
	}
}

// user is an account. People type its name; URLs are made with its slug.
type user struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

func (u *user) normal() scm.User {
	if u == nil || u.Name == "" {
		return scm.User{}
	}
	return scm.User{Login: u.Name, ID: strconv.FormatInt(u.ID, 10)}
}

// links lead from an object to its pages and addresses; a server that does not know its own address writes null.
type links struct {
	Self  []*link `json:"self"`
	Clone []*link `json:"clone"`
}

type link struct {
	Href string `json:"href"`
	Name string `json:"name"`
}

func (l *links) self() string {
	if len(l.Self) == 0 || l.Self[0] == nil {
		return ""
	}
	return l.Self[0].Href
}

// clone is the address for git over HTTP, empty where only SSH is offered.
func (l *links) clone() string {
	for _, one := range l.Clone {
		if one != nil && (one.Name == "http" || one.Name == "https") {
			return one.Href
		}
	}
	return ""
}

// millis is a moment in milliseconds since 1970.
type millis int64

func (m millis) time() time.Time {
	if m <= 0 {
		return time.Time{}
	}
	return moment(time.UnixMilli(int64(m)))
}

// moment is t in UTC, or zero if it cannot be written as JSON.
func moment(t time.Time) time.Time {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
