package access

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Reading says who may read.
type Reading string

// Ways to read. The empty one is ReadPublic.
const (
	// ReadPublic shows public repositories to everybody, and others to those who may read them on their forge.
	ReadPublic Reading = "public"
	// ReadMembers is ReadPublic for those who are logged in at the repository's connection; others see nothing.
	ReadMembers Reading = "members"
	// ReadAll shows everything to everybody, for a dashboard behind a door of its own.
	ReadAll Reading = "all"
)

// hides says whether a user on the repository's connection, nil for nobody, sees nothing at all. A word that is not known is
// taken for ReadMembers.
func (r Reading) hides(user *login.User) bool {
	return user == nil && r != "" && r != ReadPublic && r != ReadAll
}

// Forges hands out clients of connections. An error means that there is no such connection.
type Forges interface {
	Client(connection string) (*scm.Client, error)
}

// Settings are what the configuration says at the moment. They must not be changed.
type Settings struct {
	Reading Reading
	// Hidden repositories are treated as private ones. Nil means none.
	Hidden func(scm.Repo) bool
	// Jobs are the configured jobs; those that a repository keeps itself cannot say who may start them.
	Jobs *job.Set
	// Defaults are the dashboard's own rules, of which the last that matches a run counts.
	Defaults []Default
	// LabelOKToTest is the label by which somebody trusted lets a stranger's pull request be tested; empty means that no
	// label counts.
	LabelOKToTest string
}

// Options are what decisions are made with.
type Options struct {
	Forges   Forges
	Settings func() Settings
	// Offers says whether one may log in at a connection; nil means nowhere.
	Offers func(connection string) bool
	// Tests says whether a user's /test would be obeyed on a pull request. Nil means for members of the owning organisation
	// and those who may write, and for authors whose pull request bears LabelOKToTest.
	Tests func(ctx context.Context, pull scm.PullRef, user scm.User) (bool, error)
}

// How long answers of forges are believed.
const (
	// believePrivacy is for how open a repository is, believePermission for everything about people.
	believePrivacy    = 10 * time.Minute
	believePermission = 2 * time.Minute
	// believeOld is for reading while the forge is down, and for the first page of a long list while it is asked anew.
	believeOld = 15 * time.Minute
)

// Access decides. It is safe for concurrent use.
type Access struct {
	Options
	privacy     *memory[openness]
	permissions *memory[scm.Permission]
	owners      *memory[struct{}]
	facts       *memory[bool]
	teams       *memory[[]string]

	mu    sync.Mutex
	gates map[string]*gate
}

// New makes no call.
func New(o Options) *Access {
	if o.Offers == nil {
		o.Offers = func(string) bool { return false }
	}
	return &Access{
		Options:     o,
		privacy:     newMemory[openness](believePrivacy),
		permissions: newMemory[scm.Permission](believePermission),
		owners:      newMemory[struct{}](believePrivacy),
		facts:       newMemory[bool](believePermission),
		teams:       newMemory[[]string](believePermission),
		gates:       map[string]*gate{},
	}
}

// Repos are the repositories that a run works on, all of which its reader has to be allowed to read.
func Repos(pj *v1alpha1.PipelineJob) []scm.Repo {
	var repos []scm.Repo
	add := func(r *v1alpha1.Refs) {
		repos = append(repos, scm.Repo{Connection: pj.Spec.Connection, Org: r.Org, Name: r.Repo})
	}
	if pj.Spec.Refs != nil {
		add(pj.Spec.Refs)
	}
	for i := range pj.Spec.ExtraRefs {
		add(&pj.Spec.ExtraRefs[i])
	}
	return repos
}

// at is the user on a connection, nil if he is anonymous there.
func at(connection string, user *login.User) *login.User {
	if user == nil || user.Connection != connection {
		return nil
	}
	return user
}

// who names a user in the keys of memories.
func who(user *login.User) string { return user.ID + "/" + strings.ToLower(user.Login) }

// key joins what no part of a key contains.
func key(parts ...string) string { return strings.Join(parts, "\n") }
