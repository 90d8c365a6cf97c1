package contract

import (
	"cmp"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Simulated says how a world of the simulator differs from others.
type Simulated struct {
	PageSize int
	// Owners are the names of organisations, with %d for a number; "acme-%d" if it is empty.
	Owners string
	// Nested puts repositories into groups of groups.
	Nested bool
	// Credentials of the bot, made of its token; nil means the token itself.
	Credentials func(token string) scm.Credentials
}

type simulated struct {
	Simulated
	forge  *simulator.Forge
	driver scm.Driver
	next   atomic.Int64
}

// NewSimulated is the world of a simulator that a driver speaks to.
func NewSimulated(f *simulator.Forge, d scm.Driver, how Simulated) World {
	for _, login := range []string{Bot, Alice, Bob, Mallory} {
		f.AddUser(login)
	}
	return &simulated{Simulated: how, forge: f, driver: d}
}

func (w *simulated) Driver() scm.Driver { return w.driver }

func (w *simulated) PageSize() int { return w.Simulated.PageSize }

func (w *simulated) Account() scm.Account {
	token := w.forge.Token(Bot)
	account := scm.Account{
		Connection: "main", URL: w.forge.URL(), Bot: Bot, Credentials: scm.Credentials{Token: token}, HTTP: &http.Client{Timeout: time.Minute},
	}
	if w.Credentials != nil {
		account.Credentials = w.Credentials(token)
	}
	return account
}

func (w *simulated) Repo(files map[string]string) (scm.Repo, error) {
	repo := scm.Repo{Connection: "main", Org: fmt.Sprintf(cmp.Or(w.Owners, "acme-%d"), w.next.Add(1)), Name: "app"}
	if w.Nested {
		w.forge.AddOrg(repo.Org)
		repo.Org += "/sub"
	}
	w.forge.AddMember(repo.Org, Bot, scm.PermissionAdmin)
	w.forge.AddMember(repo.Org, Alice, scm.PermissionWrite)
	w.forge.AddMember(repo.Org, Bob, scm.PermissionWrite)
	w.forge.AddTeam(repo.Org, Team, Alice, Bob)
	_, err := w.forge.AddRepo(repo.Org, repo.Name, files)
	return repo, err
}

func (w *simulated) As(login string) Person { return w.forge.As(login) }
