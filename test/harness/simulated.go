package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
	"github.com/pharos-ci/pharos/pkg/scm/emulate"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/scm/github"
	"github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	simbitbucketcloud "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketcloud"
	simbitbucketserver "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketserver"
	simgitea "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitea"
	simgithub "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/github"
	simgitlab "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitlab"
)

// drivers by kind of forge.
var drivers = map[string]scm.Driver{
	"bitbucketcloud": bitbucketcloud.Driver{}, "bitbucketserver": bitbucketserver.Driver{},
	"gitea": gitea.Driver{}, "github": github.Driver{}, "gitlab": gitlab.Driver{},
}

// dialects of the simulator, by kind.
var dialects = map[string]simulator.Dialect{
	"bitbucketcloud": simbitbucketcloud.Dialect{}, "bitbucketserver": simbitbucketserver.Dialect{},
	"gitea": simgitea.Dialect{}, "github": simgithub.Dialect{}, "gitlab": simgitlab.Dialect{},
}

// ForgeKinds are all kinds of forges, Gitea first.
var ForgeKinds = []string{"gitea", "github", "gitlab", "bitbucketcloud", "bitbucketserver"}

// OpenForge is the cluster's Gitea, or a simulated forge that keeps its repositories in dir. Close ends it.
func OpenForge(kind string, c *Cluster, dir string) (forge Forge, closed func(), err error) {
	if kind == "gitea" {
		g, err := OpenGitea(c)
		return g, func() {}, err
	}
	s, err := OpenSimulated(kind, dir)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

// OpenSimulated is a simulated forge of any kind, which keeps its repositories in dir until Close.
func OpenSimulated(kind, dir string) (*Simulated, error) {
	dialect, ok := dialects[kind]
	if !ok {
		return nil, fmt.Errorf("there is no forge %q: choose one of %s", kind, strings.Join(ForgeKinds, ", "))
	}
	return &Simulated{Forge: simulator.Start(dialect, dir), kind: kind}, nil
}

var _ Forge = (*Simulated)(nil)

// Simulated is a simulated forge.
type Simulated struct {
	*simulator.Forge
	kind string
}

// Kind implements Forge.
func (s *Simulated) Kind() string { return s.kind }

// Address implements Forge.
func (s *Simulated) Address() string { return s.URL() }

// BotName implements Forge.
func (s *Simulated) BotName() string {
	if s.kind == "bitbucketcloud" {
		return simbitbucketcloud.AccountID(s.AddUser(Bot))
	}
	return Bot
}

// OrgName implements Forge.
func (s *Simulated) OrgName(name string) string {
	if s.kind == "bitbucketserver" { // the key of a project
		return strings.ToUpper(strings.ReplaceAll(name, "-", ""))
	}
	return name
}

func repoOf(org, name string) scm.Repo { return scm.Repo{Connection: "main", Org: org, Name: name} }

func (p *Pull) ref() scm.PullRef {
	return scm.PullRef{Repo: repoOf(p.Org, p.Repo), Number: int(p.Number)}
}

// Prepare implements Forge.
func (s *Simulated) Prepare(org, repo string, files map[string]string) error {
	s.AddUser(Outsider)
	s.AddMember(org, Bot, scm.PermissionAdmin)
	s.AddMember(org, Member, scm.PermissionWrite)
	_, err := s.AddRepo(org, repo, files)
	return err
}

// BotToken implements Forge.
func (s *Simulated) BotToken(context.Context, string) (string, error) { return s.Token(Bot), nil }

// Hook implements Forge, by the driver that Pharos installs webhooks with.
func (s *Simulated) Hook(org, repo, url, secret string) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	return client.Hooks.Create(context.Background(), scm.HookTarget(repoOf(org, repo)), scm.NewHook{URL: url, Secret: secret})
}

func (s *Simulated) as(login string) *simulator.Person {
	if login == "" {
		login = Bot
	}
	return s.As(login)
}

// Commit implements Forge.
func (s *Simulated) Commit(ch Change) (string, error) {
	return s.as(ch.As).Commit(repoOf(ch.Org, ch.Repo), ch.Branch, ch.NewFrom, map[string]string{ch.Path: ch.Content})
}

// Open implements Forge.
func (s *Simulated) Open(ch Change, title string) (*Pull, error) {
	ref, err := s.as(ch.As).Open(repoOf(ch.Org, ch.Repo), scm.NewPull{Title: title, Head: ch.Branch, Base: "main"})
	if err != nil {
		return nil, err
	}
	return s.pull(ref)
}

// OpenForkPull implements Forge.
func (s *Simulated) OpenForkPull(ch Change, title string) (*Pull, error) {
	repo := repoOf(ch.Org, ch.Repo)
	if _, err := s.as(ch.As).CommitToFork(repo, ch.Branch, map[string]string{ch.Path: ch.Content}); err != nil {
		return nil, err
	}
	ref, err := s.as(ch.As).OpenFromFork(repo, scm.NewPull{Title: title, Head: ch.Branch, Base: "main"})
	if err != nil {
		return nil, err
	}
	return s.pull(ref)
}

func (s *Simulated) pull(ref scm.PullRef) (*Pull, error) {
	head, _, err := s.HeadOf(ref)
	return &Pull{Org: ref.Org, Repo: ref.Name, Number: int64(ref.Number), SHA: head, Link: s.URL()}, err
}

// Reopen implements Forge.
func (s *Simulated) Reopen(p *Pull) error {
	client, err := s.client()
	if err != nil || !client.Reopen || !client.ReopenEvents {
		return errors.Join(err, scm.ErrUnsupported)
	}
	closed, open := scm.StateClosed, scm.StateOpen
	if err := s.as(Member).Edit(p.ref(), scm.PullPatch{State: &closed}); err != nil {
		return err
	}
	return s.as(Member).Edit(p.ref(), scm.PullPatch{State: &open})
}

// client is the driver's, as the bot.
func (s *Simulated) client() (*scm.Client, error) {
	return drivers[s.kind].Open(scm.Account{
		Connection: "main", URL: s.URL(), Bot: Bot, Credentials: scm.Credentials{Token: s.Token(Bot)}, HTTP: s.Client(),
	})
}

// Comment implements Forge.
func (s *Simulated) Comment(p *Pull, as, body string) error {
	_, err := s.as(as).Comment(p.ref(), body)
	return err
}

// Comments implements Forge; the one that labels are kept in is not among them.
func (s *Simulated) Comments(p *Pull, by string) ([]string, error) {
	all, err := s.CommentsBy(p.ref(), by)
	return slices.DeleteFunc(all, func(body string) bool { _, ok := emulate.Parse(body); return ok }), err
}

// Labels implements Forge.
func (s *Simulated) Labels(p *Pull) ([]string, error) {
	if !strings.HasPrefix(s.kind, "bitbucket") {
		return s.LabelsOf(p.ref())
	}
	all, err := s.CommentsBy(p.ref(), Bot)
	for _, body := range all {
		if names, ok := emulate.Parse(body); ok {
			return names, err
		}
	}
	return nil, err
}

// Status implements Forge.
func (s *Simulated) Status(org, repo, sha, statusContext string) (newest *scm.Status, posted int, err error) {
	all, err := s.StatusHistory(repoOf(org, repo), sha)
	for _, one := range all {
		if one.Context == statusContext {
			newest, posted = &one, posted+1
		}
	}
	return newest, posted, err
}

// Merge implements Forge.
func (s *Simulated) Merge(p *Pull) (string, error) {
	if err := s.as(Bot).Merge(p.ref()); err != nil {
		return "", err
	}
	_, merged, err := s.HeadOf(p.ref())
	return merged, err
}

// Redeliver implements Forge.
func (s *Simulated) Redeliver(_ context.Context, _, _ string, delivery Recorded) error {
	return s.RedeliverLike(delivery.Body)
}
