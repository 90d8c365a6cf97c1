package inrepo

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// publicServer is where Lighthouse reads owner/repo/path@version when no other server is named.
const publicServer = "https://github.com"

// gitAddress is "[server:]owner/repo/path@version".
type gitAddress struct {
	own               bool // the event's own server
	owner, repo, path string
	version           string
}

var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (g *reading) parseGit(address string) (gitAddress, error) {
	var a gitAddress
	place, version, _ := strings.Cut(address, "@")
	if server, rest, named := strings.Cut(place, ":"); named {
		if server != "lighthouse" && server != "pharos" && server != g.event.Repo.Connection {
			return a, fmt.Errorf("server %q is not known; write owner/repo/path@version, or lighthouse:owner/repo/path@version for this repository's own server", server)
		}
		a.own, place = true, rest
	}
	parts := strings.SplitN(place, "/", 3)
	if len(parts) != 3 || version == "" || !plainName.MatchString(parts[0]) || !plainName.MatchString(parts[1]) || !local(parts[2]) {
		return a, fmt.Errorf("%q is not of the form owner/repo/path@version", address)
	}
	a.owner, a.repo, a.path, a.version = parts[0], parts[1], parts[2], version
	if version == "versionStream" {
		a.version = "HEAD"
		if v := g.VersionStreams[a.owner+"/"+a.repo]; v != "" {
			a.version = v
		}
	}
	return a, nil
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// gitFile reads a file of another repository: on the event's own server with the connection's login, elsewhere without.
func (g *reading) gitFile(ctx context.Context, address string) ([]byte, error) {
	a, err := g.parseGit(address)
	if err != nil {
		return nil, err
	}
	server, err := g.server()
	if err != nil && a.own {
		return nil, err
	}
	a.own = a.own || server == publicServer
	refs := v1alpha1.Refs{Org: a.owner, Repo: a.repo, BaseRef: a.version}
	fresh := pinFresh
	if fullSHA.MatchString(a.version) {
		refs.BaseRef, refs.BaseSHA, fresh = "", a.version, 0
	}
	reading := git.Reading{Paths: []string{a.path}}
	if a.own {
		if err := g.mayRead(a.owner, a.repo); err != nil {
			return nil, err
		}
		refs.CloneURI = server + "/" + a.owner + "/" + a.repo + ".git"
		reading.Login = g.Login(g.event.Repo.Connection, refs.CloneURI)
	} else {
		if err := g.allows(&url.URL{Scheme: "https", Host: strings.TrimPrefix(publicServer, "https://")}); err != nil {
			return nil, err
		}
		refs.CloneURI = publicServer + "/" + a.owner + "/" + a.repo + ".git"
	}
	reading.Refs = refs
	key := fmt.Sprintf("git %t %s %s %s %s", a.own, g.event.Repo.Connection, refs.CloneURI, a.version, a.path)
	file, err := g.remotes.get(ctx, key, fresh, pinStale, func(ctx context.Context) (pinned, int, error) {
		return g.readGit(ctx, reading, a.path)
	})
	if err != nil {
		return nil, err
	}
	g.pins = append(g.pins, address+" "+file.digest)
	return file.data, nil
}

func (r *Reader) readGit(ctx context.Context, reading git.Reading, name string) (pinned, int, error) {
	tree, err := r.Trees.Read(ctx, reading)
	if err != nil {
		return pinned{}, 0, err
	}
	for _, f := range tree.Files {
		if f.Path == name && f.Data != nil {
			return pin(f.Data), len(f.Data) + 400, nil
		}
	}
	return pinned{}, 0, fmt.Errorf("%s/%s has no file %s there", reading.Refs.Org, reading.Refs.Repo, name)
}

// server is the address that the event's repository is below.
func (g *reading) server() (string, error) {
	uri := strings.TrimSuffix(g.event.Refs.CloneURI, ".git")
	server, ok := strings.CutSuffix(uri, "/"+g.event.Repo.FullName())
	if !ok {
		return "", fmt.Errorf("the clone address of %s does not show where its server keeps others", g.event.Repo.FullName())
	}
	return server, nil
}

// mayRead keeps the connection's token from opening repositories that the author of a pull request may not see.
func (g *reading) mayRead(owner, repo string) error {
	other := scm.Repo{Connection: g.event.Repo.Connection, Org: owner, Name: repo}
	if owner == g.event.Repo.Org || slices.ContainsFunc(g.keys(other), func(key string) bool { return slices.Contains(g.AllowedRepos, key) }) {
		return nil
	}
	return fmt.Errorf("%s is neither in %s nor one of inrepo.allowed_repos in config.yaml", other.FullName(), g.event.Repo.Org)
}
