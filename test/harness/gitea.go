package harness

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var _ Forge = (*Gitea)(nil)

// Gitea is the real Gitea of the local cluster, used with the rights of its administrator.
type Gitea struct {
	URL                   string
	user, password, token string
	admin                 *gitea.Client
}

// Password of every user that the harness makes.
const Password = "light-the-way-1"

// OpenGitea connects to the cluster's Gitea.
func OpenGitea(c *Cluster) (*Gitea, error) {
	g := &Gitea{URL: c.Gitea.URL, user: c.Gitea.AdminUser, password: c.Gitea.AdminPassword, token: c.Gitea.AdminToken}
	var err error
	g.admin, err = g.client("")
	return g, err
}

func (g *Gitea) client(sudo string) (*gitea.Client, error) {
	c, err := gitea.NewClient(g.URL, gitea.SetToken(g.token), gitea.SetSudo(sudo), gitea.SetHTTPClient(&http.Client{Timeout: time.Minute}))
	if err != nil {
		return nil, fmt.Errorf("connect to Gitea at %s: %w", g.URL, err)
	}
	return c, nil
}

// Kind implements Forge.
func (g *Gitea) Kind() string { return "gitea" }

// Address implements Forge.
func (g *Gitea) Address() string { return g.URL }

// BotName implements Forge.
func (g *Gitea) BotName() string { return Bot }

// OrgName implements Forge.
func (g *Gitea) OrgName(name string) string { return name }

// Prepare implements Forge.
func (g *Gitea) Prepare(org, repo string, files map[string]string) error {
	for _, user := range []string{Bot, Member, Outsider} {
		if err := g.EnsureUser(user); err != nil {
			return err
		}
	}
	if err := g.CreateOrg(org, Bot, Member); err != nil {
		return err
	}
	return g.CreateRepo(org, repo, files)
}

// BotToken implements Forge.
func (g *Gitea) BotToken(ctx context.Context, name string) (string, error) {
	return g.Token(ctx, Bot, name)
}

// As acts as another user: the administrator's token with that user's rights.
func (g *Gitea) As(user string) (*gitea.Client, error) { return g.client(user) }

// Healthy says whether Gitea answers.
func (g *Gitea) Healthy() bool {
	resp, err := http.Get(g.URL + "/api/healthz")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// EnsureUser makes a user unless it exists.
func (g *Gitea) EnsureUser(name string) error {
	if _, _, err := g.admin.GetUserInfo(name); err == nil {
		return nil
	}
	change := false
	_, _, err := g.admin.AdminCreateUser(gitea.CreateUserOption{
		Username: name, LoginName: name, Email: name + "@localhost.test", Password: Password, MustChangePassword: &change,
	})
	if err != nil {
		return fmt.Errorf("create user %s: %w", name, err)
	}
	return nil
}

// Token makes an access token for a user, with the scopes a bot needs.
func (g *Gitea) Token(ctx context.Context, user, name string) (string, error) {
	c, err := gitea.NewClient(g.URL, gitea.SetBasicAuth(user, Password), gitea.SetContext(ctx))
	if err != nil {
		return "", fmt.Errorf("log in as %s: %w", user, err)
	}
	t, _, err := c.CreateAccessToken(gitea.CreateAccessTokenOption{Name: name, Scopes: []gitea.AccessTokenScope{
		"write:repository", "write:issue", "read:organization", "read:user",
	}})
	if err != nil {
		return "", fmt.Errorf("create token of %s: %w", user, err)
	}
	return t.Token, nil
}

// CreateOrg makes an organisation whose members may write to all its repositories.
func (g *Gitea) CreateOrg(org string, members ...string) error {
	if _, _, err := g.admin.CreateOrg(gitea.CreateOrgOption{Name: org}); err != nil {
		return fmt.Errorf("create organisation %s: %w", org, err)
	}
	team, _, err := g.admin.CreateTeam(org, gitea.CreateTeamOption{
		Name: "developers", Permission: gitea.AccessModeWrite, IncludesAllRepositories: true,
		Units: []gitea.RepoUnitType{gitea.RepoUnitCode, gitea.RepoUnitIssues, gitea.RepoUnitPulls},
	})
	if err != nil {
		return fmt.Errorf("create team of %s: %w", org, err)
	}
	for _, m := range members {
		if _, err := g.admin.AddTeamMember(team.ID, m); err != nil {
			return fmt.Errorf("add %s to %s: %w", m, org, err)
		}
	}
	return nil
}

// HasOrg says whether there is an organisation, or a user, of a name.
func (g *Gitea) HasOrg(name string) bool {
	_, res, _ := g.admin.GetOrg(name)
	return res != nil && res.StatusCode != http.StatusNotFound
}

// RemoveOrg removes an organisation with its repositories and their forks.
func (g *Gitea) RemoveOrg(org string) error {
	repos, _, err := g.admin.ListOrgRepos(org, gitea.ListOrgReposOptions{})
	if err != nil {
		return fmt.Errorf("list repositories of %s: %w", org, err)
	}
	for _, repo := range repos {
		forks, _, err := g.admin.ListForks(org, repo.Name, gitea.ListForksOptions{})
		if err != nil {
			return fmt.Errorf("list forks of %s/%s: %w", org, repo.Name, err)
		}
		for _, r := range append(forks, repo) {
			if _, err := g.admin.DeleteRepo(r.Owner.UserName, r.Name); err != nil {
				return fmt.Errorf("delete repository %s: %w", r.FullName, err)
			}
		}
	}
	if _, err := g.admin.DeleteOrg(org); err != nil {
		return fmt.Errorf("delete organisation %s: %w", org, err)
	}
	return nil
}

// CreateRepo makes a public repository whose main branch holds files.
func (g *Gitea) CreateRepo(org, name string, files map[string]string) error {
	_, _, err := g.admin.CreateOrgRepo(org, gitea.CreateRepoOption{Name: name, AutoInit: true, DefaultBranch: "main"})
	if err != nil {
		return fmt.Errorf("create repository %s/%s: %w", org, name, err)
	}
	for path, content := range files {
		if _, err := g.Commit(Change{Org: org, Repo: name, As: "", Branch: "main", Path: path, Content: content}); err != nil {
			return err
		}
	}
	return nil
}

// Hook sends every event of a repository to url, signed with secret.
func (g *Gitea) Hook(org, repo, url, secret string) error {
	_, _, err := g.admin.CreateRepoHook(org, repo, gitea.CreateHookOption{
		Type: gitea.HookTypeGitea, Active: true,
		Config: map[string]string{"url": url, "content_type": "json", "secret": secret},
		Events: []string{"push", "pull_request", "pull_request_sync", "pull_request_label", "pull_request_comment", "issue_comment"},
	})
	if err != nil {
		return fmt.Errorf("create webhook of %s/%s: %w", org, repo, err)
	}
	return nil
}

// Commit writes one file and returns the commit's SHA.
func (g *Gitea) Commit(ch Change) (string, error) {
	c, err := g.As(ch.As)
	if err != nil {
		return "", err
	}
	options := gitea.FileOptions{Message: "Write " + ch.Path, BranchName: ch.Branch}
	if ch.NewFrom != "" {
		options.BranchName, options.NewBranchName = ch.NewFrom, ch.Branch
	}
	content := base64.StdEncoding.EncodeToString([]byte(ch.Content))
	ref := options.BranchName
	old, _, err := c.GetContents(ch.Org, ch.Repo, ref, ch.Path)
	if err == nil && old != nil {
		r, _, err := c.UpdateFile(ch.Org, ch.Repo, ch.Path, gitea.UpdateFileOptions{FileOptions: options, SHA: old.SHA, Content: content})
		if err != nil {
			return "", fmt.Errorf("write %s in %s/%s: %w", ch.Path, ch.Org, ch.Repo, err)
		}
		return r.Commit.SHA, nil
	}
	r, _, err := c.CreateFile(ch.Org, ch.Repo, ch.Path, gitea.CreateFileOptions{FileOptions: options, Content: content})
	if err != nil {
		return "", fmt.Errorf("write %s in %s/%s: %w", ch.Path, ch.Org, ch.Repo, err)
	}
	return r.Commit.SHA, nil
}

// OpenForkPull opens a pull request from a user's fork.
func (g *Gitea) OpenForkPull(ch Change, title string) (*Pull, error) {
	c, err := g.As(ch.As)
	if err != nil {
		return nil, err
	}
	name := ch.Org + "-" + ch.Repo // a user may have forked a repository of the same name before
	if _, _, err := c.CreateFork(ch.Org, ch.Repo, gitea.CreateForkOption{Name: &name}); err != nil {
		return nil, fmt.Errorf("fork %s/%s as %s: %w", ch.Org, ch.Repo, ch.As, err)
	}
	inFork := ch
	inFork.Org, inFork.Repo = ch.As, name
	if _, err := g.Commit(inFork); err != nil {
		return nil, err
	}
	return g.open(ch, ch.As+"/"+name+":"+ch.Branch, title)
}

// Open implements Forge.
func (g *Gitea) Open(ch Change, title string) (*Pull, error) { return g.open(ch, ch.Branch, title) }

// open opens a pull request from a branch, written as "branch" or "owner/fork:branch".
func (g *Gitea) open(ch Change, head, title string) (*Pull, error) {
	c, err := g.As(ch.As)
	if err != nil {
		return nil, err
	}
	p, _, err := c.CreatePullRequest(ch.Org, ch.Repo, gitea.CreatePullRequestOption{Head: head, Base: "main", Title: title})
	if err != nil {
		return nil, fmt.Errorf("open pull request in %s/%s: %w", ch.Org, ch.Repo, err)
	}
	return &Pull{Org: ch.Org, Repo: ch.Repo, Number: p.Index, SHA: p.Head.Sha, Link: p.HTMLURL}, nil
}

// Reopen implements Forge.
func (g *Gitea) Reopen(p *Pull) error {
	for _, state := range []gitea.StateType{gitea.StateClosed, gitea.StateOpen} {
		if _, _, err := g.admin.EditPullRequest(p.Org, p.Repo, p.Number, gitea.EditPullRequestOption{State: &state}); err != nil {
			return fmt.Errorf("make %s/%s#%d %s: %w", p.Org, p.Repo, p.Number, state, err)
		}
	}
	return nil
}

// Comment writes a comment on a pull request as a user.
func (g *Gitea) Comment(p *Pull, as, body string) error {
	c, err := g.As(as)
	if err != nil {
		return err
	}
	if _, _, err := c.CreateIssueComment(p.Org, p.Repo, p.Number, gitea.CreateIssueCommentOption{Body: body}); err != nil {
		return fmt.Errorf("comment on %s/%s#%d: %w", p.Org, p.Repo, p.Number, err)
	}
	return nil
}

// Comments are the bodies of a pull request's comments by one author, oldest first.
func (g *Gitea) Comments(p *Pull, by string) ([]string, error) {
	list, _, err := g.admin.ListIssueComments(p.Org, p.Repo, p.Number, gitea.ListIssueCommentOptions{})
	if err != nil {
		return nil, fmt.Errorf("list comments of %s/%s#%d: %w", p.Org, p.Repo, p.Number, err)
	}
	var bodies []string
	for _, c := range list {
		if c.Poster.UserName == by {
			bodies = append(bodies, c.Body)
		}
	}
	return bodies, nil
}

// Labels of a pull request.
func (g *Gitea) Labels(p *Pull) ([]string, error) {
	list, _, err := g.admin.GetIssueLabels(p.Org, p.Repo, p.Number, gitea.ListLabelsOptions{})
	if err != nil {
		return nil, fmt.Errorf("list labels of %s/%s#%d: %w", p.Org, p.Repo, p.Number, err)
	}
	var names []string
	for _, l := range list {
		names = append(names, l.Name)
	}
	return names, nil
}

// Status implements Forge.
func (g *Gitea) Status(org, repo, sha, statusContext string) (newest *scm.Status, posted int, err error) {
	list, _, err := g.admin.ListStatuses(org, repo, sha, gitea.ListStatusesOption{ListOptions: gitea.ListOptions{PageSize: 50}})
	if err != nil {
		return nil, 0, fmt.Errorf("list statuses of %s/%s@%s: %w", org, repo, sha, err)
	}
	last := int64(-1)
	for _, s := range list {
		if s.Context != statusContext {
			continue
		}
		if posted++; s.ID > last {
			last = s.ID
			newest = &scm.Status{Context: s.Context, State: scm.StatusState(s.State), Description: s.Description, TargetURL: s.TargetURL}
		}
	}
	return newest, posted, nil
}

// Merge merges a pull request as the administrator and returns the merge commit. Gitea computes mergeability in the
// background, so the first tries may be refused.
func (g *Gitea) Merge(p *Pull) (string, error) {
	ok, _, err := g.admin.MergePullRequest(p.Org, p.Repo, p.Number, gitea.MergePullRequestOption{Style: gitea.MergeStyleMerge})
	if err != nil {
		return "", fmt.Errorf("merge %s/%s#%d: %w", p.Org, p.Repo, p.Number, err)
	}
	if !ok {
		return "", fmt.Errorf("merge %s/%s#%d: refused for now", p.Org, p.Repo, p.Number)
	}
	branch, _, err := g.admin.GetRepoBranch(p.Org, p.Repo, "main")
	if err != nil {
		return "", fmt.Errorf("read main of %s/%s: %w", p.Org, p.Repo, err)
	}
	return branch.Commit.ID, nil
}
