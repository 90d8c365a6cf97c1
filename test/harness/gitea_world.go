package harness

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
)

// GiteaWorld is the real Gitea as the contract of drivers acts on it.
type GiteaWorld struct {
	*Gitea
	token string
	next  atomic.Int64
}

// NewGiteaWorld makes the people; the bot's token bears a name of its own.
func NewGiteaWorld(g *Gitea) (*GiteaWorld, error) {
	for _, login := range []string{contract.Bot, contract.Alice, contract.Bob, contract.Mallory} {
		if err := g.EnsureUser(login); err != nil {
			return nil, err
		}
	}
	own, err := sdk.NewClient(g.URL, sdk.SetBasicAuth(contract.Bot, Password))
	if err != nil {
		return nil, err
	}
	t, _, err := own.CreateAccessToken(sdk.CreateAccessTokenOption{
		Name:   fmt.Sprintf("contract-%x", time.Now().UnixNano()),
		Scopes: []sdk.AccessTokenScope{"write:repository", "write:issue", "write:organization", "read:user"},
	})
	if err != nil {
		return nil, fmt.Errorf("create token of %s: %w", contract.Bot, err)
	}
	return &GiteaWorld{Gitea: g, token: t.Token}, nil
}

// Driver implements contract.World.
func (*GiteaWorld) Driver() scm.Driver { return gitea.Driver{} }

// Account implements contract.World.
func (w *GiteaWorld) Account() scm.Account {
	return scm.Account{
		Connection: "main", URL: w.URL, Bot: contract.Bot, Credentials: scm.Credentials{Token: w.token},
		HTTP: &http.Client{Timeout: time.Minute},
	}
}

// PageSize implements contract.World.
func (*GiteaWorld) PageSize() int { return 50 }

// Repo implements contract.World. The bot owns the organisation.
func (w *GiteaWorld) Repo(files map[string]string) (scm.Repo, error) {
	repo := scm.Repo{Connection: "main", Org: fmt.Sprintf("acme-%x-%d", time.Now().Unix(), w.next.Add(1)), Name: "app"}
	if err := w.call(contract.Bot, "POST", "orgs", map[string]any{"username": repo.Org}, nil); err != nil {
		return repo, err
	}
	var team struct {
		ID int64 `json:"id"`
	}
	err := w.call(contract.Bot, "POST", "orgs/"+repo.Org+"/teams", map[string]any{
		"name": contract.Team, "permission": "write", "includes_all_repositories": true,
		"units": []string{"repo.code", "repo.issues", "repo.pulls"},
	}, &team)
	if err != nil {
		return repo, err
	}
	for _, login := range []string{contract.Alice, contract.Bob} {
		if err := w.call(contract.Bot, "PUT", fmt.Sprintf("teams/%d/members/%s", team.ID, login), nil, nil); err != nil {
			return repo, err
		}
	}
	err = w.call(contract.Bot, "POST", "orgs/"+repo.Org+"/repos", map[string]any{"name": repo.Name, "auto_init": true, "default_branch": "main"}, nil)
	if err != nil {
		return repo, err
	}
	_, err = w.As(contract.Bot).Commit(repo, "main", "", files)
	return repo, err
}

// Rename lets the contract rename a repository.
func (w *GiteaWorld) Rename(repo scm.Repo, to string) error {
	return w.call(contract.Bot, "PATCH", repoAt(repo), map[string]any{"name": to}, nil)
}

// As implements contract.World.
func (w *GiteaWorld) As(login string) contract.Person { return &giteaPerson{w, login} }

// giteaPerson acts with the rights of a user.
type giteaPerson struct {
	w     *GiteaWorld
	login string
}

func (p *giteaPerson) call(method, path string, in, out any) error {
	return p.w.call(p.login, method, path, in, out)
}

func repoAt(r scm.Repo) string { return "repos/" + r.FullName() }

func pullAt(ref scm.PullRef) string { return fmt.Sprintf("%s/pulls/%d", repoAt(ref.Repo), ref.Number) }

func issueAt(ref scm.PullRef) string {
	return fmt.Sprintf("%s/issues/%d", repoAt(ref.Repo), ref.Number)
}

// Commit implements contract.Person.
func (p *giteaPerson) Commit(repo scm.Repo, branch, newFrom string, files map[string]string) (string, error) {
	var changes []map[string]any
	for name, content := range files {
		change := map[string]any{"operation": "create", "path": name, "content": base64.StdEncoding.EncodeToString([]byte(content))}
		var old struct {
			SHA string `json:"sha"`
		}
		from := branch
		if newFrom != "" {
			from = newFrom
		}
		if len(files) < 20 && p.call("GET", repoAt(repo)+"/contents/"+name+"?ref="+from, nil, &old) == nil || name == "README.md" {
			if old.SHA == "" {
				_ = p.call("GET", repoAt(repo)+"/contents/"+name+"?ref="+from, nil, &old) // without it the write fails and says so
			}
			change["operation"], change["sha"] = "update", old.SHA
		}
		changes = append(changes, change)
	}
	in := map[string]any{"branch": branch, "files": changes, "message": "change of " + p.login}
	if newFrom != "" {
		in["branch"], in["new_branch"] = newFrom, branch
	}
	var answer struct {
		Commit struct {
			SHA string `json:"sha"`
		} `json:"commit"`
	}
	err := p.call("POST", repoAt(repo)+"/contents", in, &answer)
	return answer.Commit.SHA, err
}

func (p *giteaPerson) fork(repo scm.Repo) scm.Repo {
	return scm.Repo{Connection: repo.Connection, Org: p.login, Name: repo.Name}
}

// CommitToFork implements contract.Person; a fork of an earlier case goes first.
func (p *giteaPerson) CommitToFork(repo scm.Repo, branch string, files map[string]string) (string, error) {
	_ = p.call("DELETE", repoAt(p.fork(repo)), nil, nil) // there may be none
	if err := p.call("POST", repoAt(repo)+"/forks", map[string]any{}, nil); err != nil {
		return "", err
	}
	return p.Commit(p.fork(repo), branch, "main", files)
}

// SetRef implements contract.Person.
func (p *giteaPerson) SetRef(repo scm.Repo, ref, sha string) error {
	return p.w.push(repo.FullName(), ref, sha)
}

// Open implements contract.Person.
func (p *giteaPerson) Open(repo scm.Repo, pull scm.NewPull) (scm.PullRef, error) {
	ref := scm.PullRef{Repo: repo}
	var made struct {
		Number int `json:"number"`
	}
	err := p.call("POST", repoAt(repo)+"/pulls", map[string]any{"title": pull.Title, "body": pull.Body, "head": pull.Head, "base": pull.Base}, &made)
	ref.Number = made.Number
	return ref, err
}

// OpenFromFork implements contract.Person.
func (p *giteaPerson) OpenFromFork(repo scm.Repo, pull scm.NewPull) (scm.PullRef, error) {
	pull.Head = p.login + ":" + pull.Head
	return p.Open(repo, pull)
}

// DeleteFork implements contract.Person.
func (p *giteaPerson) DeleteFork(repo scm.Repo) error {
	return p.call("DELETE", repoAt(p.fork(repo)), nil, nil)
}

// Edit implements contract.Person.
func (p *giteaPerson) Edit(ref scm.PullRef, patch scm.PullPatch) error {
	in := map[string]any{}
	for name, value := range map[string]*string{"title": patch.Title, "body": patch.Body, "base": patch.Base, "state": (*string)(patch.State)} {
		if value != nil {
			in[name] = *value
		}
	}
	return p.call("PATCH", pullAt(ref), in, nil)
}

// SetDraft implements contract.Person: in Gitea the title says it.
func (p *giteaPerson) SetDraft(ref scm.PullRef, draft bool) error {
	var now struct {
		Title string `json:"title"`
	}
	if err := p.call("GET", pullAt(ref), nil, &now); err != nil {
		return err
	}
	title := strings.TrimPrefix(now.Title, "WIP: ")
	if draft {
		title = "WIP: " + title
	}
	return p.Edit(ref, scm.PullPatch{Title: &title})
}

// Merge implements contract.Person.
func (p *giteaPerson) Merge(ref scm.PullRef) error {
	return p.call("POST", pullAt(ref)+"/merge", map[string]any{"Do": "merge"}, nil)
}

// Comment implements contract.Person.
func (p *giteaPerson) Comment(ref scm.PullRef, body string) (string, error) {
	var made struct {
		ID int64 `json:"id"`
	}
	err := p.call("POST", issueAt(ref)+"/comments", map[string]any{"body": body}, &made)
	return fmt.Sprint(made.ID), err
}

// CommentIssue implements contract.Person.
func (p *giteaPerson) CommentIssue(ref scm.PullRef, body string) (string, error) {
	return p.Comment(ref, body)
}

// Inline implements contract.Person.
func (p *giteaPerson) Inline(ref scm.PullRef, path string, line int, body string) error {
	return p.call("POST", pullAt(ref)+"/reviews", map[string]any{
		"event": "COMMENT", "comments": []any{map[string]any{"path": path, "new_position": line, "body": body}},
	}, nil)
}

// EditComment implements contract.Person.
func (p *giteaPerson) EditComment(ref scm.PullRef, id, body string) error {
	return p.call("PATCH", repoAt(ref.Repo)+"/issues/comments/"+id, map[string]any{"body": body}, nil)
}

// DeleteComment implements contract.Person.
func (p *giteaPerson) DeleteComment(ref scm.PullRef, id string) error {
	return p.call("DELETE", repoAt(ref.Repo)+"/issues/comments/"+id, nil, nil)
}

// Review implements contract.Person.
func (p *giteaPerson) Review(ref scm.PullRef, state scm.ReviewState, body string) error {
	event := map[scm.ReviewState]string{scm.ReviewApproved: "APPROVED", scm.ReviewChangesRequested: "REQUEST_CHANGES", scm.ReviewCommented: "COMMENT"}[state]
	return p.call("POST", pullAt(ref)+"/reviews", map[string]any{"event": event, "body": body}, nil)
}

// Withdraw implements contract.Person; an administrator does it.
func (p *giteaPerson) Withdraw(ref scm.PullRef) error {
	var all []struct {
		ID   int64 `json:"id"`
		User struct {
			Login string `json:"login"`
		} `json:"user"`
	}
	if err := p.call("GET", pullAt(ref)+"/reviews", nil, &all); err != nil {
		return err
	}
	for _, one := range all {
		if one.User.Login == p.login {
			return p.w.call(contract.Bot, "POST", fmt.Sprintf("%s/reviews/%d/dismissals", pullAt(ref), one.ID), map[string]any{"message": "no"}, nil)
		}
	}
	return fmt.Errorf("no review of %s on %v", p.login, ref)
}

// Label implements contract.Person; the label is made if need be.
func (p *giteaPerson) Label(ref scm.PullRef, name string) error {
	var made struct {
		ID int64 `json:"id"`
	}
	if err := p.w.call(contract.Bot, "POST", repoAt(ref.Repo)+"/labels", map[string]any{"name": name, "color": "#aabbcc"}, &made); err != nil {
		return err
	}
	return p.call("POST", issueAt(ref)+"/labels", map[string]any{"labels": []int64{made.ID}}, nil)
}

// Unlabel implements contract.Person.
func (p *giteaPerson) Unlabel(ref scm.PullRef, name string) error {
	var all []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	if err := p.call("GET", issueAt(ref)+"/labels", nil, &all); err != nil {
		return err
	}
	for _, l := range all {
		if l.Name == name {
			return p.call("DELETE", fmt.Sprintf("%s/labels/%d", issueAt(ref), l.ID), nil, nil)
		}
	}
	return fmt.Errorf("no label %s on %v", name, ref)
}

// OpenIssue implements contract.Person.
func (p *giteaPerson) OpenIssue(repo scm.Repo, title, body string) (scm.PullRef, error) {
	ref := scm.PullRef{Repo: repo}
	var made struct {
		Number int `json:"number"`
	}
	err := p.call("POST", repoAt(repo)+"/issues", map[string]any{"title": title, "body": body}, &made)
	ref.Number = made.Number
	return ref, err
}

// EditIssue implements contract.Person.
func (p *giteaPerson) EditIssue(ref scm.PullRef, patch scm.IssuePatch) error {
	in := map[string]any{}
	for name, value := range map[string]*string{"title": patch.Title, "body": patch.Body, "state": (*string)(patch.State)} {
		if value != nil {
			in[name] = *value
		}
	}
	return p.call("PATCH", issueAt(ref), in, nil)
}

// Status implements contract.Person.
func (p *giteaPerson) Status(repo scm.Repo, sha string, s scm.Status) error {
	return p.call("POST", repoAt(repo)+"/statuses/"+sha, map[string]any{
		"context": s.Context, "state": s.State, "description": s.Description, "target_url": s.TargetURL,
	}, nil)
}
