package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// commits brings the base and every head into the mirror and returns the base commit.
func (c *mirrorReader) commits(ctx context.Context) (string, error) {
	refs := c.Refs
	if refs.BaseSHA == "" {
		return c.named(ctx)
	}
	var missing []string
	for _, sha := range c.wanted() {
		if !c.here(ctx, sha) {
			missing = append(missing, sha)
		}
	}
	if len(missing) == 0 {
		return refs.BaseSHA, nil
	}
	if err := c.fetchRefs(ctx); err != nil && !errors.Is(err, errNoSuchObject) {
		return "", err
	}
	for _, sha := range missing {
		if c.here(ctx, sha) {
			continue
		}
		// The ref has moved on, or is gone: most servers still give the commit by its name.
		if err := c.transfer(ctx, "+"+sha+":"+keptRef("commit", sha)); err != nil && !errors.Is(err, errNoSuchObject) {
			return "", err
		}
		if !c.here(ctx, sha) {
			return "", c.lost(sha)
		}
	}
	return refs.BaseSHA, nil
}

func (c *mirrorReader) wanted() []string {
	all := []string{c.Refs.BaseSHA}
	for _, p := range c.Refs.Pulls {
		all = append(all, p.SHA)
	}
	return all
}

func (c *mirrorReader) lost(sha string) error {
	for _, p := range c.Refs.Pulls {
		if p.SHA == sha {
			return &MissingCommitError{Pull: p.Number, SHA: sha, Ref: p.Ref}
		}
	}
	return &MissingCommitError{SHA: sha, Ref: c.Refs.BaseRef}
}

// fetchRefs takes the base branch and the pulls' heads in one go, each under a name that the next fetch replaces, so that
// the number of refs stays small while the next fetch still knows what is here.
func (c *mirrorReader) fetchRefs(ctx context.Context) error {
	var specs []string
	if c.Refs.BaseRef != "" {
		ref := fullRef(c.Refs.BaseRef)
		specs = append(specs, "+"+ref+":"+keptRef("base", ref))
	}
	for _, p := range c.Refs.Pulls {
		switch {
		case p.CloneURI != "":
			if err := c.fetchFork(ctx, p); err != nil {
				return err
			}
		case p.Ref != "":
			specs = append(specs, "+"+p.Ref+":"+keptRef("pull", strconv.Itoa(p.Number)))
		}
	}
	if len(specs) == 0 {
		return nil
	}
	return c.transfer(ctx, specs...)
}

// fetchFork takes a head out of a fork, all of it: what is missing later is looked for in the repository alone.
func (c *mirrorReader) fetchFork(ctx context.Context, p v1alpha1.Pull) error {
	fork, err := headRemote(p)
	if err != nil {
		return err
	}
	c.fetched = true
	_, err = c.gitEnv(ctx, c.env, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-filter", "--force", "--", fork.url,
		"+"+p.Ref+":"+keptRef("pull", strconv.Itoa(p.Number)))
	return err
}

// named asks the remote what a branch, a tag or HEAD is now.
func (c *mirrorReader) named(ctx context.Context) (string, error) {
	ref := c.Refs.BaseRef
	if ref == "" {
		ref = "HEAD"
	}
	kept := keptRef("named", ref)
	err := c.transfer(ctx, "+"+ref+":"+kept)
	if errors.Is(err, errNoSuchObject) {
		return "", &MissingCommitError{SHA: ref, Ref: c.remote.clean}
	}
	if err != nil {
		return "", err
	}
	out, err := c.git(ctx, "rev-parse", "--verify", "--quiet", kept+"^{commit}")
	return strings.TrimSpace(out), err
}

func fullRef(ref string) string {
	if strings.HasPrefix(ref, "refs/") {
		return ref
	}
	return "refs/heads/" + ref
}

// keptRef is a ref of the mirror; a hash, because a branch "a" would be in the way of a branch "a/b".
func keptRef(kind, name string) string {
	sum := sha256.Sum256([]byte(name))
	return "refs/pharos/" + kind + "/" + hex.EncodeToString(sum[:12])
}

// here says whether an object is on disk. Other commands would silently fetch it, history and all, which is why --missing
// is given: it keeps git from that.
func (c *mirrorReader) here(ctx context.Context, id string) bool {
	out, _, err := c.exec(ctx, nil, []string{"rev-list", "--no-walk", "--missing=allow-any", "--ignore-missing", id})
	return err == nil && strings.Contains(out, id)
}

// mergeAll merges each pull in order without a working tree, and returns the last tree.
func (c *mirrorReader) mergeAll(ctx context.Context, base string) (string, error) {
	if len(c.Refs.Pulls) == 0 {
		out, err := c.git(ctx, "rev-parse", "--verify", "--quiet", base+"^{tree}")
		return strings.TrimSpace(out), err
	}
	onto, tree := base, ""
	for i, p := range c.Refs.Pulls {
		var err error
		if tree, err = c.mergeOne(ctx, onto, p.Number, p.SHA); err != nil {
			return "", err
		}
		if i == len(c.Refs.Pulls)-1 {
			break
		}
		date := fmt.Sprintf("@%d +0000", i+1)
		out, err := c.gitEnv(ctx, []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}, "commit-tree", "-p", onto, "-p", p.SHA, "-m", "merge", tree)
		if err != nil {
			return "", err
		}
		onto = strings.TrimSpace(out)
	}
	return tree, nil
}

// mergeOne answers a [*ConflictError] where git merge would. Contents that both sides changed are fetched by git itself.
func (c *mirrorReader) mergeOne(ctx context.Context, onto string, number int, sha string) (string, error) {
	out, all, err := c.exec(ctx, c.env, []string{"merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", onto, sha})
	parts := lines(out, "\x00")
	if err == nil && len(parts) > 0 {
		return parts[0], nil
	}
	if len(parts) > 1 && hexSHA.MatchString(parts[0]) {
		files := slices.Compact(slices.Sorted(slices.Values(parts[1:])))
		return "", &ConflictError{Pull: number, SHA: sha, Base: c.Refs.BaseRef, Onto: onto, Files: files}
	}
	if strings.Contains(all, "refusing to merge unrelated histories") {
		return "", &ConflictError{Pull: number, SHA: sha, Base: c.Refs.BaseRef, Onto: onto, Files: []string{"every file, for the two share no commit"}}
	}
	if err == nil {
		err = os.ErrInvalid
	}
	return "", fmt.Errorf("merge-tree: %w: %s", err, lastLine(c.remote.redact(all)))
}
