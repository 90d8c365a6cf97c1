package app

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

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

// gitTokenTime bounds the making of a token for git, two calls at most.
const gitTokenTime = time.Minute

// login is how git reads from a connection's server. Any other server is told nothing.
func (f *forges) login(name, cloneURL string) git.Login {
	conn, ok := f.table.Load().byName[name]
	if !ok || conn.proof.Token == "" && conn.client.GitToken == nil {
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
	token := conn.proof.Token
	if conn.client.GitToken != nil {
		owner, _, _ := strings.Cut(strings.TrimPrefix(to.Path, "/"), "/")
		ctx, cancel := context.WithTimeout(context.Background(), gitTokenTime)
		defer cancel()
		if token, err = conn.client.GitToken(ctx, owner); err != nil {
			log.Log.Error(err, "git reads without a login", "connection", name, "owner", owner) // and says so itself where it needs one
			return git.Login{}
		}
	}
	return git.Login{Name: user, Token: token}
}
