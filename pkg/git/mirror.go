package git

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Mirrors keeps a bare mirror without file contents of each repository that is read, and fetches the few contents that are
// asked for. One process may use a folder at a time; readings of one repository wait for each other.
type Mirrors struct {
	dir     string
	backoff []time.Duration

	mu    sync.Mutex
	repos map[string]*mirror
}

// mirrorBackoff is short: the caller has a queue of its own that tries again later.
var mirrorBackoff = []time.Duration{200 * time.Millisecond, time.Second, 3 * time.Second}

// NewMirrors keeps mirrors below dir, which is made when it is first needed. A nil backoff means about four seconds.
func NewMirrors(dir string, backoff []time.Duration) *Mirrors {
	if backoff == nil {
		backoff = mirrorBackoff
	}
	return &Mirrors{dir: dir, backoff: backoff, repos: map[string]*mirror{}}
}

// Login is how a repository is read; the zero value is nobody. It reaches git through its environment, never through its
// arguments, an address or a file.
type Login struct{ Name, Token string }

// Reading says which files to read.
type Reading struct {
	// Refs name the repository, its base and the pulls to merge onto it. Without a BaseSHA the BaseRef is asked for anew,
	// and may be a branch, a tag or HEAD.
	Refs v1alpha1.Refs
	// Login holds for the host of the clone address only.
	Login Login
	// Paths are files or folders; a folder stands for everything below it.
	Paths []string
}

// Tree is what a reading found.
type Tree struct {
	// Base is the base commit, ID the tree of the merge: equal trees hold equal files.
	Base, ID string
	// Files in the order of their paths; links and submodules are not files.
	Files []File
}

// File is one file.
type File struct {
	Path string
	// ID names the content.
	ID string
	// Size in bytes. Data is nil when that is more than MaxFile.
	Size int64
	Data []byte
}

// Limits of a reading.
const (
	MaxFile  = 1 << 20
	MaxFiles = 500
	maxBytes = 16 << 20
)

// Read merges the pulls onto the base and returns the files at the paths. What is on disk already is not fetched again. A
// [*ConflictError] or [*MissingCommitError] is about the pull request, a [*LimitError] about the files, any other error
// about the surroundings.
func (m *Mirrors) Read(ctx context.Context, r Reading) (*Tree, error) {
	var tree *Tree
	err := m.with(ctx, r, func(c *mirrorReader) error {
		var err error
		tree, err = c.read(ctx)
		return err
	})
	return tree, err
}

// with holds the lock of the repository's mirror while do uses it.
func (m *Mirrors) with(ctx context.Context, r Reading, do func(*mirrorReader) error) error {
	if err := checkRefs(r.Refs); err != nil {
		return err
	}
	remote, err := remoteFor(r.Refs)
	if err != nil {
		return err
	}
	repo := m.repo(remote)
	select {
	case repo.lock <- struct{}{}:
		defer func() { <-repo.lock }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	run := newRunner(Options{Backoff: m.backoff}, remote, repo.dir, m.dir)
	if err := do(&mirrorReader{runner: run, mirror: repo, Reading: r, env: loginEnv(remote, r.Login)}); err != nil {
		return fmt.Errorf("read %s/%s: %w", r.Refs.Org, r.Refs.Repo, err)
	}
	return nil
}

// LimitError says that there is more to read than anybody should have to.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What }

type mirror struct {
	dir     string
	lock    chan struct{} // holds one
	ready   bool
	fetches int
}

func (m *Mirrors) repo(r remote) *mirror {
	m.mu.Lock()
	defer m.mu.Unlock()
	repo := m.repos[r.clean]
	if repo == nil {
		sum := sha256.Sum256([]byte(r.clean))
		repo = &mirror{dir: filepath.Join(m.dir, hex.EncodeToString(sum[:12])+".git"), lock: make(chan struct{}, 1)}
		m.repos[r.clean] = repo
	}
	return repo
}

func (c *mirrorReader) read(ctx context.Context) (*Tree, error) {
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	base, err := c.commits(ctx)
	if err != nil {
		return nil, err
	}
	id, err := c.mergeAll(ctx, base)
	if err != nil {
		return nil, err
	}
	files, err := c.list(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := c.contents(ctx, files); err != nil {
		return nil, err
	}
	c.tidy(ctx)
	return &Tree{Base: base, ID: id, Files: files}, nil
}

// mirrorReader is one reading of a mirror, whose lock it holds.
type mirrorReader struct {
	runner
	*mirror
	Reading
	env     []string
	fetched bool
}

// loginEnv hands the login to git for the clone address's own server only.
func loginEnv(r remote, login Login) []string {
	u, err := url.Parse(r.clean)
	if err != nil || login.Token == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte(login.Name + ":" + login.Token))
	return []string{
		"GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=http." + u.Scheme + "://" + u.Host + "/.extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic " + basic,
	}
}

// prepare makes the mirror on its first use, and again when somebody has removed it.
func (c *mirrorReader) prepare(ctx context.Context) error {
	if c.ready && exists(filepath.Join(c.mirror.dir, "HEAD")) {
		return nil
	}
	if err := os.MkdirAll(c.mirror.dir, 0o700); err != nil {
		return fmt.Errorf("make mirror: %w", err)
	}
	if _, err := c.git(ctx, "init", "--quiet", "--bare", "--template="); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.mirror.dir, "config"), []byte(mirrorConfig(c.remote)), 0o600); err != nil {
		return fmt.Errorf("make mirror: %w", err)
	}
	c.ready = true
	return nil
}

// mirrorConfig makes the remote one that gives missing contents later. Redirects are not followed: an address was allowed,
// not what it may lead to.
func mirrorConfig(r remote) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(r.clean)
	return fmt.Sprintf(`[core]
	repositoryFormatVersion = 1
	bare = true
[extensions]
	partialClone = origin
[remote "origin"]
	url = "%s"
	promisor = true
	partialCloneFilter = blob:none
[http]
	followRedirects = false
`, quoted)
}

// tidyEvery is how many readings that fetched are between two tries at packing.
const tidyEvery = 64

// tidy packs what many fetches have left behind. The reading has succeeded already, so a failure only costs space.
func (c *mirrorReader) tidy(ctx context.Context) {
	if !c.fetched {
		return
	}
	if c.fetches++; c.fetches%tidyEvery == 0 {
		_, _ = c.git(ctx, "-c", "gc.auto=6700", "-c", "gc.autoPackLimit=50", "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")
	}
}

// lines splits output that ends each item with end.
func lines(out, end string) []string {
	out = strings.TrimSuffix(out, end)
	if out == "" {
		return nil
	}
	return strings.Split(out, end)
}

// transfer fetches with the login.
func (c *mirrorReader) transfer(ctx context.Context, refspecs ...string) error {
	c.fetched = true
	args := append([]string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--force", "--", "origin"}, refspecs...)
	for try := 0; ; try++ {
		_, err := c.gitEnv(ctx, c.env, args...)
		if err == nil || ctx.Err() != nil || errors.Is(err, errRefused) || try >= len(c.backoff) {
			return err
		}
		if errors.Is(err, errNoSuchObject) && try > 0 { // once more, because replicas of a forge lag behind the webhook
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(c.backoff[try]):
		}
	}
}
