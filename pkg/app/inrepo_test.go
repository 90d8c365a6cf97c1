package app_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/app"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func TestGitLogsInToTheConnectionsOwnServerOnly(t *testing.T) {
	login := app.LoginOf(map[string]app.Proven{
		"main": {URL: "https://git.example.com", Bot: "bot", Proof: scm.Credentials{Token: "t"}},
		"app":  {URL: "https://git.example.com", Bot: "bot"},
		"kind": {URL: "https://git.example.com", Bot: "557058:1", GitUser: "x-token-auth", Proof: scm.Credentials{Token: "t"}},
		"made": {URL: "https://git.example.com", Bot: "bot", GitUser: "x", GitToken: func(_ context.Context, owner string) (string, error) {
			return "token of " + owner, nil
		}},
		"lost": {URL: "https://git.example.com", Bot: "bot", GitToken: func(context.Context, string) (string, error) { return "", scm.ErrForbidden }},
		"mail": {URL: "https://git.example.com", Bot: "bot", Proof: scm.Credentials{Token: "t", User: "bot@example.com"}},
	})
	bot := git.Login{Name: "bot", Token: "t"}
	for name, tc := range map[string]struct {
		connection, url string
		want            git.Login
	}{
		"its own server":            {"main", "https://git.example.com/acme/app.git", bot},
		"by an e-mail address":      {"mail", "https://git.example.com/acme/app.git", bot},
		"by the kind of the token":  {"kind", "https://git.example.com/acme/app.git", git.Login{Name: "x-token-auth", Token: "t"}},
		"by a token that is made":   {"made", "https://git.example.com/acme/app.git", git.Login{Name: "x", Token: "token of acme"}},
		"no token can be made":      {"lost", "https://git.example.com/acme/app.git", git.Login{}},
		"another server":            {"main", "https://evil.example.com/acme/app.git", git.Login{}},
		"another port":              {"main", "https://git.example.com:8443/acme/app.git", git.Login{}},
		"without encryption":        {"main", "http://git.example.com/acme/app.git", git.Login{}},
		"a folder":                  {"main", "/srv/app.git", git.Login{}},
		"no token":                  {"app", "https://git.example.com/acme/app.git", git.Login{}},
		"a connection that is gone": {"old", "https://git.example.com/acme/app.git", git.Login{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, login(tc.connection, tc.url)); diff != "" {
				t.Errorf("login (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheCacheFolder(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/var/cache/me")
	if got := app.CacheDir(""); got != "/var/cache/me/pharos" {
		t.Errorf("by default it is %s", got)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	t.Setenv("TMPDIR", "/scratch")
	if got := app.CacheDir(""); got != filepath.Join("/scratch", "pharos-cache") {
		t.Errorf("in a pod it is %s", got)
	}
	if got := app.CacheDir("/named"); got != "/named" {
		t.Errorf("named, it is %s", got)
	}
}
