package inrepo

import (
	"context"
	"errors"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/job"
)

// changesByKind lists the event's files by how they changed, once for all conditions that ask.
func (g *reading) changesByKind(ctx context.Context) (map[string][]string, error) {
	if g.kinds != nil {
		return g.kinds, nil
	}
	if !g.event.pull() && g.event.Before == "" {
		return nil, job.ErrChangesUnknown
	}
	since := g.event.Before
	if g.event.pull() {
		since = ""
	}
	refs := g.event.Refs
	changes, err := g.Trees.Changes(ctx, git.Reading{Refs: refs, Login: g.Login(g.event.Repo.Connection, refs.CloneURI)}, since)
	var lost *git.MissingCommitError
	if errors.As(err, &lost) { // a forced push has thrown the old commit away
		return nil, job.ErrChangesUnknown
	}
	if err != nil {
		return nil, passing(err)
	}
	kinds := map[string][]string{"added": nil, "deleted": nil, "modified": nil, "renamed": nil}
	for _, c := range changes {
		name := map[byte]string{'A': "added", 'D': "deleted", 'M': "modified", 'R': "renamed"}[c.Kind]
		kinds[name] = append(kinds[name], c.Path)
	}
	g.kinds = kinds
	return kinds, nil
}
