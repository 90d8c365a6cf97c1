package vendors_test

import (
	"context"
	"errors"
	"testing"

	gl "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// gitlabSession is one account that calls the simulator by GitLab's own client, and the driver's client of the same account
// to compare with.
type gitlabSession struct {
	*testing.T
	*gl.Client
	login  string
	forge  *simulator.Forge
	world  contract.World
	driver *scm.Client
	repo   scm.Repo
	// project is what the client calls the repository.
	project string
}

type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

func newGitLabSession(t *testing.T, f *simulator.Forge, w contract.World, login string) *gitlabSession {
	t.Helper()
	s := &gitlabSession{T: t, login: login, forge: f, world: w}
	var err error
	if s.repo, err = w.Repo(map[string]string{"README.md": "first\n"}); err != nil {
		t.Fatal(err)
	}
	s.project = s.repo.FullName()
	account := w.Account()
	account.Token = f.Token(login)
	if s.driver, err = w.Driver().Open(account); err != nil {
		t.Fatal(err)
	}
	s.Client, err = gl.NewClient(account.Token, gl.WithBaseURL(f.URL()), gl.WithHTTPClient(f.Client()), gl.WithoutRetries(), gl.WithCustomLimiter(unlimited{}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// driveGitLab makes every call of the driver's by the client, as a member and as the bot, who may do more.
func driveGitLab(t *testing.T, f *simulator.Forge, w contract.World) {
	for _, login := range []string{contract.Alice, contract.Bot} {
		for name, drive := range map[string]func(*gitlabSession){
			"projects": (*gitlabSession).projects, "members": (*gitlabSession).members, "hooks": (*gitlabSession).hooks,
			"merge requests": (*gitlabSession).mergeRequests, "merges": (*gitlabSession).merges, "approvals": (*gitlabSession).approvals,
			"notes": (*gitlabSession).notes, "issues": (*gitlabSession).issues, "labels": (*gitlabSession).labels,
			"repository": (*gitlabSession).repository, "statuses": (*gitlabSession).statuses,
		} {
			t.Run(login+" "+name, func(t *testing.T) { drive(newGitLabSession(t, f, w, login)) })
		}
	}
}

// outcome is what a call of the client gave.
type outcome[T any] struct {
	value T
	err   error
}

func of[T any](value T, _ *gl.Response, err error) outcome[T] { return outcome[T]{value, err} }

// done is the outcome of a call without an answer.
func done(_ *gl.Response, err error) outcome[struct{}] { return outcome[struct{}]{err: err} }

// in ends a test on an error.
func (o outcome[T]) in(t *gitlabSession) T {
	t.Helper()
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.value
}

// refused says that the error has a status.
func (o outcome[T]) refused(t *gitlabSession, status int) {
	t.Helper()
	var refusal *gl.ErrorResponse
	if !errors.As(o.err, &refusal) || !refusal.HasStatusCode(status) {
		t.Errorf("error %v, want status %d", o.err, status)
	}
}

func (s *gitlabSession) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// same compares what the client and the driver read.
func (s *gitlabSession) same(what string, client, driver any) {
	s.Helper()
	if d := compare(client, driver); d != "" {
		s.Errorf("%s (-client +driver):\n%s", what, d)
	}
}

// open opens a merge request by the client.
func (s *gitlabSession) open(branch string) (*gl.MergeRequest, scm.PullRef) {
	s.Helper()
	_, err := s.world.As(contract.Alice).Commit(s.repo, branch, "main", map[string]string{branch + ".txt": "content\n"})
	s.ok(err)
	m := of(s.MergeRequests.CreateMergeRequest(s.project, &gl.CreateMergeRequestOptions{
		Title: new("Draft: Add " + branch), Description: new("please"), SourceBranch: &branch, TargetBranch: new("main"),
	})).in(s)
	return m, scm.PullRef{Repo: s.repo, Number: int(m.IID)}
}
