package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// checkout is one repository being prepared.
type checkout struct {
	runner
	refs     v1alpha1.Refs
	empty    bool
	finalSHA string
}

func newCheckout(opts Options, refs v1alpha1.Refs, around surroundings) (*checkout, error) {
	if err := checkRefs(refs); err != nil {
		return nil, err
	}
	remote, err := remoteFor(refs)
	if err != nil {
		return nil, err
	}
	dir := opts.Into
	if dir == "" {
		dir = filepath.Join(opts.Dir, "src", filepath.FromSlash(CheckoutPath(refs)))
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("resolve working tree: %w", err)
	}
	if around.secret != "" {
		remote.secrets = append(remote.secrets, around.secret)
	}
	c := &checkout{runner: newRunner(opts, remote, dir, around.home), refs: refs, empty: opts.Into != ""}
	c.args, c.ssh = around.args, around.ssh
	if c.blobless() && remote.url != remote.clean {
		// The repository keeps the name of the remote that has the rest; credentials must not be in it.
		c.args = append(slices.Clip(c.args), "-c", "url."+remote.url+".insteadOf="+remote.clean)
	}
	return c, nil
}

func (c *checkout) blobless() bool { return c.refs.BloblessFetch != nil && *c.refs.BloblessFetch }

func checkRefs(refs v1alpha1.Refs) error {
	errs := []error{checkSHA(refs.BaseSHA)}
	if refs.BaseRef != "" {
		errs = append(errs, checkRef(refs.BaseRef))
	}
	for _, pattern := range refs.SparseCheckoutFiles {
		if strings.ContainsAny(pattern, "\n\x00") {
			errs = append(errs, fmt.Errorf("%q is not a pattern for a sparse checkout", pattern))
		}
	}
	for _, p := range refs.Pulls {
		errs = append(errs, checkSHA(p.SHA))
		if p.Ref != "" {
			errs = append(errs, checkRef(p.Ref))
		}
		if p.CloneURI != "" {
			_, err := headRemote(p)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (c *checkout) run(ctx context.Context) error {
	if err := prepareDir(c.dir, c.empty); err != nil {
		return err
	}
	c.logf("# %s/%s in %s", c.refs.Org, c.refs.Repo, c.dir)
	for _, step := range []func(context.Context) error{c.init, c.base, c.pulls, c.submodules} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	sha, err := c.git(ctx, "rev-parse", "HEAD")
	c.finalSHA = strings.TrimSpace(sha)
	return err
}

func (c *checkout) init(ctx context.Context) error {
	branch := c.branch()
	if branch == "" {
		branch = "main"
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--template=", "--initial-branch=" + branch},
		{"config", "user.name", c.userName},
		{"config", "user.email", c.userEmail},
		// Relative submodule addresses are resolved against it; credentials stay out of the file.
		{"config", "remote.origin.url", c.remote.clean},
	} {
		if _, err := c.git(ctx, args...); err != nil {
			return err
		}
	}
	return c.sparse(ctx)
}

// sparse limits the working tree to the wanted files before the first one is written.
func (c *checkout) sparse(ctx context.Context) error {
	if len(c.refs.SparseCheckoutFiles) == 0 {
		return nil
	}
	info := filepath.Join(c.dir, ".git", "info")
	if err := os.MkdirAll(info, 0o755); err != nil {
		return fmt.Errorf("limit the working tree: %w", err)
	}
	patterns := strings.Join(c.refs.SparseCheckoutFiles, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(info, "sparse-checkout"), []byte(patterns), 0o644); err != nil {
		return fmt.Errorf("limit the working tree: %w", err)
	}
	_, err := c.git(ctx, "config", "core.sparseCheckout", "true")
	return err
}

// base fetches the base and puts its branch, at the wanted commit, into the working tree.
func (c *checkout) base(ctx context.Context) error {
	if !c.refs.SkipFetchHead {
		if err := c.fetch(ctx, c.depth("--tags", "--prune")); err != nil {
			return err
		}
	}
	target, err := c.fetchBase(ctx)
	if err != nil {
		return err
	}
	args := []string{"checkout", "--quiet", "--force", "--detach", target, "--"}
	if branch := c.branch(); branch != "" {
		args = []string{"checkout", "--quiet", "--force", "-B", branch, target, "--"}
	}
	_, err = c.git(ctx, args...)
	return err
}

func (c *checkout) fetchBase(ctx context.Context) (string, error) {
	if c.refs.BaseSHA == "" {
		ref := c.refs.BaseRef
		if ref == "" {
			ref = "HEAD"
		}
		return "FETCH_HEAD", c.fetch(ctx, c.depth(), ref)
	}
	if c.has(ctx, c.refs.BaseSHA) {
		return c.refs.BaseSHA, nil
	}
	err := c.fetch(ctx, c.depth(), c.refs.BaseSHA)
	if errors.Is(err, errNoSuchObject) && c.refs.BaseRef != "" {
		// Some servers give only what a branch points at: take the whole branch and look inside.
		if err = c.fetch(ctx, nil, c.refs.BaseRef); err == nil && !c.has(ctx, c.refs.BaseSHA) {
			return "", &MissingCommitError{SHA: c.refs.BaseSHA, Ref: c.refs.BaseRef}
		}
	}
	if errors.Is(err, errNoSuchObject) {
		return "", &MissingCommitError{SHA: c.refs.BaseSHA, Ref: c.refs.BaseRef}
	}
	return c.refs.BaseSHA, err
}

// pulls merges each pull in order. The clock starts at the base commit and advances a second for each merge, so the same
// refs always give the same commits.
func (c *checkout) pulls(ctx context.Context) error {
	if len(c.refs.Pulls) == 0 {
		return nil
	}
	out, err := c.git(ctx, "show", "--no-patch", "--format=%ct", "HEAD")
	if err != nil {
		return err
	}
	clock, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	if err != nil {
		return fmt.Errorf("read time of base: %w", err)
	}
	for i, pull := range c.refs.Pulls {
		sha, err := c.fetchPull(ctx, pull)
		if err != nil {
			return err
		}
		if err := c.merge(ctx, pull, sha, clock+int64(i)+1); err != nil {
			return err
		}
	}
	return nil
}

// fetchPull gets the head that was asked for, even when the pull request has moved on since.
func (c *checkout) fetchPull(ctx context.Context, pull v1alpha1.Pull) (string, error) {
	ref := pull.Ref
	if ref == "" {
		ref = fmt.Sprintf("refs/pull/%d/head", pull.Number)
		if pull.SHA != "" {
			ref = pull.SHA
		}
	}
	err := c.fetchHead(ctx, pull, ref)
	if pull.SHA == "" {
		if err != nil {
			return "", err
		}
		head, err := c.git(ctx, "rev-parse", "FETCH_HEAD^{commit}")
		return strings.TrimSpace(head), err
	}
	if err != nil && !errors.Is(err, errNoSuchObject) {
		return "", err
	}
	if c.has(ctx, pull.SHA) {
		return pull.SHA, nil
	}
	if ref != pull.SHA {
		if err := c.fetchHead(ctx, pull, pull.SHA); err != nil && !errors.Is(err, errNoSuchObject) {
			return "", err
		}
	}
	if !c.has(ctx, pull.SHA) {
		return "", &MissingCommitError{Pull: pull.Number, SHA: pull.SHA, Ref: ref}
	}
	return pull.SHA, nil
}

// fetchHead fetches from the repository, or from the fork that the head is in. A fork has no part of a blobless checkout left
// on its server, because git would look for the rest in the repository alone.
func (c *checkout) fetchHead(ctx context.Context, pull v1alpha1.Pull, ref string) error {
	if pull.CloneURI == "" {
		return c.fetch(ctx, nil, ref)
	}
	fork, err := headRemote(pull)
	if err != nil {
		return err
	}
	return c.retry(ctx, "fetch", "--no-write-commit-graph", "--", fork.url, ref)
}

func (c *checkout) merge(ctx context.Context, pull v1alpha1.Pull, sha string, clock int64) error {
	if err := c.joinHistories(ctx, sha); err != nil {
		return err
	}
	date := fmt.Sprintf("@%d +0000", clock)
	message := fmt.Sprintf("Merge pull request #%d (%s)", pull.Number, sha)
	_, err := c.gitEnv(ctx, []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date},
		"merge", "--no-ff", "--no-stat", "-m", message, sha)
	if err == nil {
		return nil
	}
	files, lsErr := c.git(ctx, "diff", "--name-only", "--diff-filter=U", "-z")
	if lsErr != nil || files == "" {
		return err
	}
	onto, lsErr := c.git(ctx, "rev-parse", "HEAD")
	if lsErr != nil {
		return err
	}
	return &ConflictError{Pull: pull.Number, SHA: sha, Base: c.refs.BaseRef, Onto: strings.TrimSpace(onto),
		Files: strings.Split(strings.TrimRight(files, "\x00"), "\x00")}
}

// joinHistories fetches the rest of a shallow base when the pull request branched off before the part we have.
func (c *checkout) joinHistories(ctx context.Context, sha string) error {
	if c.refs.CloneDepth <= 0 || c.quiet(ctx, "merge-base", "HEAD", sha) {
		return nil
	}
	if shallow, err := c.git(ctx, "rev-parse", "--is-shallow-repository"); err != nil || strings.TrimSpace(shallow) != "true" {
		return err
	}
	args := []string{"--unshallow"}
	if c.refs.BaseRef != "" {
		return c.fetch(ctx, args, c.refs.BaseRef)
	}
	return c.fetch(ctx, args)
}

func (c *checkout) submodules(ctx context.Context) error {
	if c.refs.SkipSubmodules || !exists(filepath.Join(c.dir, ".gitmodules")) {
		return nil
	}
	return c.retry(ctx, "submodule", "update", "--init", "--recursive")
}

func (c *checkout) branch() string { return strings.TrimPrefix(c.refs.BaseRef, "refs/heads/") }

func (c *checkout) depth(args ...string) []string {
	if c.refs.CloneDepth > 0 {
		return append([]string{"--depth=" + strconv.Itoa(c.refs.CloneDepth)}, args...)
	}
	return args
}

// has says whether the commit is here.
func (c *checkout) has(ctx context.Context, sha string) bool {
	return c.quiet(ctx, "cat-file", "-e", sha+"^{commit}")
}

// fetch transfers refs without storing them as branches; no refs means the remote's HEAD.
func (c *checkout) fetch(ctx context.Context, options []string, refs ...string) error {
	args := append([]string{"fetch", "--no-write-commit-graph"}, options...)
	if c.blobless() {
		args = append(args, "--filter=blob:none", "--", "origin") // git records by name where the rest is
	} else {
		args = append(args, "--", c.remote.url)
	}
	return c.retry(ctx, append(args, refs...)...)
}
