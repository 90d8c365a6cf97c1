package app

import (
	"cmp"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/inrepo"
)

// newInRepo reads the jobs that repositories keep themselves, from mirrors below the cache folder.
func (s *server) newInRepo() *inrepo.Reader {
	return inrepo.New(inrepo.Options{
		Trees:    git.NewMirrors(filepath.Join(cacheDir(s.CacheDir), "mirrors"), nil),
		Settings: func() *inrepo.Settings { return s.config.Current().InRepo() },
		Login:    s.forges.login,
	})
}

// cacheDir is the named folder, or the user's own for caches; a pod without either has its folder for temporary files.
func cacheDir(named string) string {
	if named != "" {
		return named
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "pharos")
	}
	return filepath.Join(os.TempDir(), "pharos-cache")
}

// login is how git reads from a connection's server. Any other server is told nothing.
func (f *forges) login(name, cloneURL string) git.Login {
	conn, ok := f.table.Load().byName[name]
	if !ok || conn.proof.Token == "" {
		return git.Login{}
	}
	to, err := url.Parse(cloneURL)
	if err != nil {
		return git.Login{}
	}
	forge, err := url.Parse(conn.URL)
	if err != nil || to.Scheme != forge.Scheme || !strings.EqualFold(to.Host, forge.Host) {
		return git.Login{}
	}
	user := cmp.Or(conn.client.GitUser, conn.Connection.Bot)
	if conn.client.GitUser == "" && conn.proof.User != "" && !strings.Contains(conn.proof.User, "@") { // an e-mail address logs in to the API only
		user = conn.proof.User
	}
	return git.Login{Name: user, Token: conn.proof.Token}
}
