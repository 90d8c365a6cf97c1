package inrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Trees reads files of repositories; [git.Mirrors] does.
type Trees interface {
	Read(ctx context.Context, r git.Reading) (*git.Tree, error)
	Changes(ctx context.Context, r git.Reading, since string) ([]git.Change, error)
}

// Options of a [Reader].
type Options struct {
	Trees Trees
	// Settings is asked at every reading.
	Settings func() *Settings
	// Login is how the connection reads a clone address; nobody where the address is not on the connection's server.
	Login func(connection, cloneURL string) git.Login
	// Transport fetches what files refer to; nil is [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
}

// Reader reads jobs kept in repositories. It is safe for concurrent use.
type Reader struct {
	Options
	trees   *memory[*git.Tree]
	remotes *memory[pinned]
	client  *http.Client

	mu     sync.Mutex
	listen map[scm.Repo][]string // expressions that comments are compared with, as of the last reading
}

// What is kept in memory, in bytes.
const (
	treesLimit   = 32 << 20
	remotesLimit = 16 << 20
)

// New makes a reader.
func New(o Options) *Reader {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Login == nil {
		o.Login = func(string, string) git.Login { return git.Login{} }
	}
	r := &Reader{
		Options: o,
		trees:   newMemory[*git.Tree](treesLimit, o.Now),
		remotes: newMemory[pinned](remotesLimit, o.Now),
		listen:  map[scm.Repo][]string{},
	}
	r.client = r.newClient()
	return r
}

// On says whether a repository's own jobs are wanted.
func (r *Reader) On(repo scm.Repo) bool { return r.Settings().On(repo) }

// configPaths are all places where jobs may be.
var configPaths = []string{".prow.yaml", ".prow", ".prowignore", ".lighthouse", ".tekton"}

// Read reads a repository's jobs for an event. A [*git.MissingCommitError] means that the event is out of date; an error that
// wraps [scm.ErrTransient] may pass.
func (r *Reader) Read(ctx context.Context, e Event) (*Found, error) {
	s := r.Settings()
	tree, err := r.tree(ctx, &e)
	var conflict *git.ConflictError
	var limit *git.LimitError
	switch {
	case errors.As(err, &conflict):
		return r.conflicting(ctx, e, conflict)
	case errors.As(err, &limit):
		return &Found{Problems: []Problem{{Message: limit.What, Remedy: "keep fewer and smaller files"}}}, nil
	case err != nil:
		return nil, err
	}
	reading := &reading{Reader: r, Settings: s, event: &e, tree: tree, origins: map[job.Source]document{}}
	found := reading.run(ctx)
	r.remember(e.Repo, found.Presubmits)
	return found, nil
}

// conflicting is what a pull request has that does not merge: a problem, unless its base keeps no jobs anyway.
func (r *Reader) conflicting(ctx context.Context, e Event, conflict *git.ConflictError) (*Found, error) {
	e.FromBase = true
	base, err := r.tree(ctx, &e)
	if err != nil {
		return nil, err
	}
	if len(base.Files) == 0 {
		return &Found{}, nil
	}
	return &Found{Problems: []Problem{{
		Message: fmt.Sprintf("the jobs kept in the repository cannot be read, because the pull request conflicts with %s in %s",
			conflict.Base, strings.Join(conflict.Files, ", ")),
		Remedy: "rebase it, or merge " + conflict.Base + " into it",
	}}}, nil
}

// Content names what is in the files that jobs are read from, without reading a meaning into them.
func (r *Reader) Content(ctx context.Context, e Event) (string, error) {
	tree, err := r.tree(ctx, &e)
	if err != nil {
		return "", err
	}
	return content(tree.Files), nil
}

// tree reads the files of an event, from memory if it can.
func (r *Reader) tree(ctx context.Context, e *Event) (*git.Tree, error) {
	return r.trees.get(ctx, e.key(), 0, 0, func(ctx context.Context) (*git.Tree, int, error) {
		return r.fetch(ctx, e, configPaths...)
	})
}

// fetch reads paths at the event's refs.
func (r *Reader) fetch(ctx context.Context, e *Event, paths ...string) (*git.Tree, int, error) {
	refs := e.refs()
	tree, err := r.Trees.Read(ctx, git.Reading{Refs: refs, Login: r.Login(e.Repo.Connection, refs.CloneURI), Paths: paths})
	if err != nil {
		return nil, 0, passing(err)
	}
	size := 0
	for _, f := range tree.Files {
		size += len(f.Data) + len(f.Path) + 200
	}
	return tree, size, nil
}

// passing marks what waiting may mend: everything that is not about the commits or the files.
func passing(err error) error {
	var missing *git.MissingCommitError
	var conflict *git.ConflictError
	var limit *git.LimitError
	if errors.As(err, &missing) || errors.As(err, &conflict) || errors.As(err, &limit) {
		return err
	}
	return fmt.Errorf("%w: %w", scm.ErrTransient, err)
}

// file reads one further file of the repository at the event's refs; ok is false when there is none.
func (g *reading) file(ctx context.Context, name string) (data []byte, ok bool, err error) {
	for _, f := range g.tree.Files {
		if f.Path == name {
			return f.Data, f.Data != nil, nil
		}
	}
	if !local(name) {
		return nil, false, fmt.Errorf("%q leads out of the repository", name)
	}
	tree, err := g.trees.get(ctx, g.event.key()+" "+name, 0, 0, func(ctx context.Context) (*git.Tree, int, error) {
		return g.fetch(ctx, g.event, name)
	})
	if err != nil {
		return nil, false, err
	}
	for _, f := range tree.Files {
		if f.Path == name {
			return f.Data, f.Data != nil, nil
		}
	}
	return nil, false, nil
}

// local says that a clean path stays in the repository and out of git's own folder.
func local(name string) bool {
	return name != "" && path.Clean(name) == name && !path.IsAbs(name) && name != ".." && !strings.HasPrefix(name, "../") &&
		!strings.HasPrefix(name, ":") && name != ".git" && !strings.HasPrefix(name, ".git/") && !strings.ContainsAny(name, "\x00\n")
}

// content names what is in the files.
func content(files []git.File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d:%s%s", len(f.Path), f.Path, f.ID) // writing to a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// maxListening bounds the memory of what comments may start; past it every comment is looked at.
const maxListening = 4096

func (r *Reader) remember(repo scm.Repo, jobs []*job.Presubmit) {
	var triggers []string
	for _, p := range jobs {
		if p.Trigger != "" {
			triggers = append(triggers, p.Trigger)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.listen) >= maxListening {
		clear(r.listen)
	}
	r.listen[repo] = slices.Compact(slices.Sorted(slices.Values(triggers)))
}
