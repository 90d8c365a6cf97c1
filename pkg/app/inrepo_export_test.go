package app

import (
	"context"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// CacheDir is the folder for what can be fetched again.
var CacheDir = cacheDir

// Proven is a connection with what it logs in with.
type Proven struct {
	URL, Bot, GitUser string
	Proof             scm.Credentials
	GitToken          func(ctx context.Context, owner string) (string, error)
}

// LoginOf is how git logs in with these connections.
func LoginOf(all map[string]Proven) func(name, cloneURL string) git.Login {
	f, t := &forges{}, &table{byName: map[string]*connection{}}
	for name, c := range all {
		client := scm.NewClient(scm.Client{GitToken: c.GitToken, Capabilities: scm.Capabilities{GitUser: c.GitUser}})
		t.byName[name] = &connection{Connection: config.Connection{URL: c.URL, Bot: c.Bot}, proof: c.Proof, client: client}
	}
	f.table.Store(t)
	return f.login
}
