package git

import (
	"context"
	"fmt"
)

// Change is one file that differs between two commits.
type Change struct {
	// Kind is A for added, M for modified, D for deleted, R for renamed without a change of its content.
	Kind byte
	Path string
}

// Changes lists what the pulls change on their base, or what a commit without pulls changes since another, which the mirror
// must still be able to get. Its errors are those of Read.
func (m *Mirrors) Changes(ctx context.Context, r Reading, since string) ([]Change, error) {
	var found []Change
	if err := checkSHA(since); err != nil {
		return nil, err
	}
	err := m.with(ctx, r, func(c *mirrorReader) error {
		if err := c.prepare(ctx); err != nil {
			return err
		}
		base, err := c.commits(ctx)
		if err != nil {
			return err
		}
		tree, err := c.mergeAll(ctx, base)
		if err != nil {
			return err
		}
		from := base
		if since != "" {
			if from, err = c.earlier(ctx, since); err != nil {
				return err
			}
		}
		out, err := c.git(ctx, "diff-tree", "-r", "-z", "--name-status", "--find-renames=100%", from, tree)
		found = parseChanges(lines(out, "\x00"))
		return err
	})
	return found, err
}

// earlier brings one more commit into the mirror.
func (c *mirrorReader) earlier(ctx context.Context, sha string) (string, error) {
	if c.here(ctx, sha) {
		return sha, nil
	}
	err := c.transfer(ctx, "+"+sha+":"+keptRef("commit", sha))
	if !c.here(ctx, sha) {
		return "", fmt.Errorf("%w (%w)", &MissingCommitError{SHA: sha, Ref: c.Refs.BaseRef}, err)
	}
	return sha, nil
}

// parseChanges reads status, path and, of renames, the new path.
func parseChanges(parts []string) []Change {
	var found []Change
	for i := 0; i+1 < len(parts); i += 2 {
		change := Change{Kind: parts[i][0], Path: parts[i+1]}
		if change.Kind == 'R' && i+2 < len(parts) {
			i++
			change.Path = parts[i+1]
		}
		if change.Kind == 'T' { // a file that became a link, or the other way around
			change.Kind = 'M'
		}
		found = append(found, change)
	}
	return found
}
