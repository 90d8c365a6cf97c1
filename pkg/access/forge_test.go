package access_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

var (
	alice   = &login.User{Connection: "main", ID: "1", Login: "alice"}
	bob     = &login.User{Connection: "main", ID: "2", Login: "bob"}
	carol   = &login.User{Connection: "main", ID: "3", Login: "carol"}
	foreign = &login.User{Connection: "other", ID: "1", Login: "alice"}
)

// forge is one connection in memory, which counts what it is asked.
type forge struct {
	mu          sync.Mutex
	repos       map[string]bool // full name to private
	archived    map[string]bool
	permissions map[string]scm.Permission // "org/name login"
	members     map[string]bool           // "org login"
	teams       map[string][]string       // "org/slug"
	pulls       map[int]*scm.PullRequest
	openNames   bool
	labels      []string // emulated, if not nil

	asked map[string]int
	// err is what every call answers; every call takes so long; most is the largest number of calls at once.
	err       error
	takes     time.Duration
	now, most int
}

func newForge() *forge {
	return &forge{
		repos: map[string]bool{}, archived: map[string]bool{}, permissions: map[string]scm.Permission{}, members: map[string]bool{},
		teams: map[string][]string{}, pulls: map[int]*scm.PullRequest{}, asked: map[string]int{},
	}
}

// enter is a call that counts; leaving it gives its error.
func (f *forge) enter(ctx context.Context, name string) error {
	f.mu.Lock()
	f.asked[name]++
	f.now++
	f.most = max(f.most, f.now)
	err, takes := f.err, f.takes
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.now--
	}()
	if takes > 0 {
		timer := time.NewTimer(takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// count gives the calls since the last count, as "name×number" in order of name.
func (f *forge) count() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for name, n := range f.asked {
		all = append(all, fmt.Sprintf("%s×%d", name, n))
	}
	slices.Sort(all)
	clear(f.asked)
	return strings.Join(all, " ")
}

func (f *forge) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

type repositories struct {
	scm.Repositories
	*forge
	connection string
}

func (r repositories) Get(ctx context.Context, repo scm.Repo) (*scm.Repository, error) {
	if err := r.enter(ctx, "get"); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	private, ok := r.repos[repo.FullName()]
	if !ok {
		return nil, fmt.Errorf("get %v: %w", repo, scm.ErrNotFound)
	}
	return &scm.Repository{Repo: repo, Private: private}, nil
}

func (r repositories) List(ctx context.Context, org string) ([]scm.Repository, error) {
	if err := r.enter(ctx, "list"); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []scm.Repository
	for name, private := range r.repos {
		repo, err := scm.ParseRepo(r.connection, name)
		if err == nil && repo.Org == org && !r.archived[name] {
			all = append(all, scm.Repository{Repo: repo, Private: private})
		}
	}
	if all == nil {
		return nil, fmt.Errorf("list %s: %w", org, scm.ErrNotFound)
	}
	return all, nil
}

type members struct{ *forge }

func (m members) IsOrgMember(ctx context.Context, org string, user scm.User) (bool, error) {
	err := m.enter(ctx, "member")
	return m.members[org+" "+user.Login], err
}

func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	err := m.enter(ctx, "collaborator")
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.permissions[repo.FullName()+" "+user.Login] >= scm.PermissionWrite, err
}

func (m members) Permission(ctx context.Context, repo scm.Repo, user scm.User) (scm.Permission, error) {
	err := m.enter(ctx, "permission")
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.permissions[repo.FullName()+" "+user.Login], err
}

func (m members) TeamMembers(ctx context.Context, org, team string) ([]string, error) {
	if err := m.enter(ctx, "team"); err != nil {
		return nil, err
	}
	found, ok := m.teams[org+"/"+team]
	if !ok {
		return nil, scm.ErrNotFound
	}
	return found, nil
}

type pulls struct {
	scm.PullRequests
	*forge
}

func (p pulls) Get(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	if err := p.enter(ctx, "pull"); err != nil {
		return nil, err
	}
	pr, ok := p.pulls[ref.Number]
	if !ok {
		return nil, scm.ErrNotFound
	}
	return pr, nil
}

type labels struct {
	scm.Labels
	*forge
}

func (l labels) List(ctx context.Context, _ scm.PullRef) ([]string, error) {
	return l.labels, l.enter(ctx, "labels")
}

// forges are those of one install, by connection.
type forges map[string]*forge

func (f forges) Client(name string) (*scm.Client, error) {
	one, ok := f[name]
	if !ok {
		return nil, errors.New("no such connection")
	}
	return scm.NewClient(scm.Client{
		Capabilities: scm.Capabilities{OpenNames: one.openNames, EmulatedLabels: one.labels != nil},
		Repositories: repositories{forge: one, connection: name}, Members: members{one}, Pulls: pulls{forge: one}, Labels: labels{forge: one},
	}), nil
}

// install is two forges and who may do what there.
type install struct {
	*access.Access
	main, other *forge
	settings    access.Settings
	options     access.Options
}

func newInstall(change func(*access.Options)) *install {
	i := &install{main: newForge(), other: newForge()}
	i.settings.LabelOKToTest = "ok-to-test"
	i.options = access.Options{
		Forges:   forges{"main": i.main, "other": i.other},
		Settings: func() access.Settings { return i.settings },
		Offers:   func(string) bool { return true },
	}
	if change != nil {
		change(&i.options)
	}
	i.Access = access.New(i.options)
	return i
}

func repo(name string) scm.Repo {
	r, err := scm.ParseRepo("main", name)
	if err != nil {
		panic(err)
	}
	return r
}

// many are repositories acme/r0 to acme/rN, private or not.
func (i *install) many(n int, private bool) []scm.Repo {
	var all []scm.Repo
	for k := range n {
		name := fmt.Sprintf("acme/r%d", k)
		i.main.repos[name] = private
		all = append(all, repo(name))
	}
	return all
}

func (i *install) visible(t *testing.T, user *login.User, repos []scm.Repo) int {
	t.Helper()
	seen, err := i.Visible(t.Context(), user, repos)
	if err != nil {
		t.Errorf("visible: %v", err)
	}
	return len(seen)
}
