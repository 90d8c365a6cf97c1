package simulator

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Errors of deeds, which dialects turn into their vendor's answers.
var (
	ErrNotFound  = errors.New("not found")
	ErrForbidden = errors.New("forbidden")
	ErrConflict  = errors.New("conflict")
	ErrInvalid   = errors.New("invalid")
	// ErrHeadMoved and ErrNotMergeable refuse merges.
	ErrHeadMoved    = errors.New("the head has moved")
	ErrNotMergeable = errors.New("not mergeable")
)

// Dialect is how one vendor's forge speaks.
type Dialect interface {
	// API serves everything but git. It runs with the forge locked by [Forge.Do].
	API(f *Forge) http.Handler
	// Messages are the webhook deliveries that tell of a change, rendered at once: the state moves on.
	Messages(f *Forge, c *Change) []Message
	// Sign adds the proof that a hook's secret gives, and the headers of every delivery.
	Sign(h *Hook, m *Message)
	// HeadRef is the ref in the base repository that keeps a pull request's head, empty for none.
	HeadRef(number int) string
	// GitPath is the path at which git finds a repository, beginning with a slash and ending in ".git".
	GitPath(r *Repo) string
	// SharedNumbers: issues and pull requests are numbered together.
	SharedNumbers() bool
}

// Message is one webhook delivery before it is signed.
type Message struct {
	// Event is what hooks subscribe to.
	Event  string
	Header http.Header
	Body   []byte
}

// Forge is the simulator. Its methods may be called at once.
type Forge struct {
	dialect Dialect
	root    string
	server  *httptest.Server
	faults  faults

	mu     sync.Mutex
	users  map[string]*User
	orgs   map[string]*Org
	repos  map[string]*Repo
	tokens map[string]string
	last   int
	hooks  sync.WaitGroup
	sent   []Sent
}

// Start serves a forge whose repositories live in root, an empty folder, until Close.
func Start(d Dialect, root string) *Forge {
	f := &Forge{
		dialect: d, root: root, users: map[string]*User{}, orgs: map[string]*Org{}, repos: map[string]*Repo{}, tokens: map[string]string{},
	}
	f.server = httptest.NewServer(f.handler())
	return f
}

// URL is the forge's address, without a trailing slash.
func (f *Forge) URL() string { return f.server.URL }

// Client reaches the forge.
func (f *Forge) Client() *http.Client { return f.server.Client() }

// Close ends the forge once every delivery under way has ended.
func (f *Forge) Close() {
	f.server.Close()
	f.mu.Lock()
	for _, o := range f.orgs {
		endAll(o.Hooks)
	}
	for _, r := range f.repos {
		endAll(r.Hooks)
	}
	f.mu.Unlock()
	f.hooks.Wait()
}

// Do runs a step of a dialect on the locked state.
func (f *Forge) Do(step func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return step()
}

// NextID is a number that no object has yet.
func (f *Forge) NextID() int {
	f.last++
	return f.last
}

func (f *Forge) now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func key(name string) string { return strings.ToLower(name) }

// AddUser makes an account unless it exists.
func (f *Forge) AddUser(login string) *User {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addUser(login)
}

func (f *Forge) addUser(login string) *User {
	if u := f.users[key(login)]; u != nil {
		return u
	}
	u := &User{ID: f.NextID(), Login: login, Name: strings.ToUpper(login[:1]) + login[1:], Email: login + "@forge.test"}
	f.users[key(login)] = u
	f.orgs[key(login)] = &Org{ID: f.NextID(), Path: login, Personal: u, Members: map[string]scm.Permission{}, Teams: map[string]*Team{}}
	return u
}

// AddOrg makes an organisation, or a group by its whole path, unless it exists.
func (f *Forge) AddOrg(path string) *Org {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.orgs[key(path)]; o != nil {
		return o
	}
	o := &Org{ID: f.NextID(), Path: path, Members: map[string]scm.Permission{}, Teams: map[string]*Team{}}
	f.orgs[key(path)] = o
	return o
}

// AddMember makes a user a member of an organisation with a permission on all its repositories.
func (f *Forge) AddMember(org, login string, p scm.Permission) {
	o, u := f.AddOrg(org), f.AddUser(login)
	f.mu.Lock()
	defer f.mu.Unlock()
	o.Members[key(u.Login)] = p
}

// AddTeam makes a team of an organisation's members.
func (f *Forge) AddTeam(org, name string, logins ...string) {
	o := f.AddOrg(org)
	team := &Team{Name: name}
	for _, login := range logins {
		team.Members = append(team.Members, f.AddUser(login))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	team.ID = f.NextID()
	o.Teams[key(name)] = team
}

// AddCollaborator gives a user a permission on one repository.
func (f *Forge) AddCollaborator(org, repo, login string, p scm.Permission) error {
	u := f.AddUser(login)
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := f.repo(org, repo)
	if err != nil {
		return err
	}
	r.Collaborators[key(u.Login)] = p
	return nil
}

// Token makes a token with which a user calls the API and git.
func (f *Forge) Token(login string) string {
	f.AddUser(login)
	f.mu.Lock()
	defer f.mu.Unlock()
	token := "token-of-" + key(login)
	f.tokens[token] = key(login)
	return token
}

// AddRepo makes a repository whose main branch holds files. No two repositories begin with the same commit, so that what
// vendors keep by commit alone stays apart.
func (f *Forge) AddRepo(org, name string, files map[string]string) (*Repo, error) {
	o := f.AddOrg(org)
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.repo(org, name); err == nil {
		return nil, fmt.Errorf("repository %s/%s: %w", org, name, ErrConflict)
	}
	r := f.newRepo(o, name)
	if err := r.init(); err != nil {
		return nil, err
	}
	if _, err := r.commit(&User{Login: "founder", Name: "Founder", Email: "founder@forge.test"}, r.DefaultBranch, files, "first of "+r.FullName()); err != nil {
		return nil, err
	}
	f.repos[key(r.FullName())] = r
	return r, nil
}

func (f *Forge) newRepo(o *Org, name string) *Repo {
	id := f.NextID()
	return &Repo{
		ID: id, Org: o, Name: name, DefaultBranch: "main", Collaborators: map[string]scm.Permission{},
		Methods: []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward},
		Pulls:   map[int]*Pull{}, Issues: map[int]*Issue{}, Statuses: map[string][]*Status{},
		dir: filepath.Join(f.root, fmt.Sprintf("%d.git", id)),
	}
}

// Repo finds a repository; dialects call it within Do.
func (f *Forge) Repo(org, name string) (*Repo, error) { return f.repo(org, name) }

func (f *Forge) repo(org, name string) (*Repo, error) {
	if r := f.repos[key(org+"/"+name)]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("repository %s/%s: %w", org, name, ErrNotFound)
}

// RepoByID finds a repository; dialects call it within Do.
func (f *Forge) RepoByID(id int) (*Repo, error) {
	for _, r := range f.repos {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, fmt.Errorf("repository %d: %w", id, ErrNotFound)
}

// Org finds an owner of repositories; dialects call it within Do.
func (f *Forge) Org(path string) (*Org, error) {
	if o := f.orgs[key(path)]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("organisation %s: %w", path, ErrNotFound)
}

// Orgs lists every owner of repositories by its path, users' own among them; dialects call it within Do.
func (f *Forge) Orgs() []*Org {
	return slices.SortedFunc(maps.Values(f.orgs), func(a, b *Org) int { return strings.Compare(a.Path, b.Path) })
}

// User finds an account; dialects call it within Do.
func (f *Forge) User(login string) (*User, error) {
	if u := f.users[key(login)]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("user %s: %w", login, ErrNotFound)
}

// UserByID finds an account; dialects call it within Do.
func (f *Forge) UserByID(id int) (*User, error) {
	for _, u := range f.users {
		if u.ID == id {
			return u, nil
		}
	}
	return nil, fmt.Errorf("user %d: %w", id, ErrNotFound)
}

// Bearer is the user of a token, ErrForbidden for one that nobody has; dialects call it within Do.
func (f *Forge) Bearer(token string) (*User, error) {
	if login, ok := f.tokens[token]; ok {
		return f.users[login], nil
	}
	return nil, fmt.Errorf("token: %w", ErrForbidden)
}

// Repos lists the repositories of an organisation, by name; dialects call it within Do.
func (f *Forge) Repos(org string) []*Repo {
	var all []*Repo
	for _, r := range f.repos {
		if strings.EqualFold(r.Org.Path, org) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Repo) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Permission is the highest that a user has on a repository, however granted; dialects call it within Do.
func (f *Forge) Permission(r *Repo, u *User) scm.Permission {
	if r.Org.Personal == u {
		return scm.PermissionAdmin
	}
	p := max(r.Org.Members[key(u.Login)], r.Collaborators[key(u.Login)])
	if !r.Private {
		p = max(p, scm.PermissionRead)
	}
	return p
}

// Rename gives a repository another name; its number stays.
func (f *Forge) Rename(org, name, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := f.repo(org, name)
	if err != nil {
		return err
	}
	delete(f.repos, key(r.FullName()))
	r.Name = to
	f.repos[key(r.FullName())] = r
	return nil
}
