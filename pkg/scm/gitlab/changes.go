package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// file is one file of a difference; of a file that was not renamed both paths are the same.
type file struct {
	NewPath string `json:"new_path"`
	OldPath string `json:"old_path"`
}

// ChangedFiles implements scm.PullRequests. GitLab keeps a part only of a change beyond the server's limits (a thousand
// files by default), which is ErrIncomplete; so soon after a merge request was opened that it knows no change yet, the error is
// ErrTransient.
func (p pulls) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	m, err := p.get(ctx, ref)
	if err == nil {
		err = m.complete()
	}
	if err != nil {
		return nil, fmt.Errorf("list files of %v: %w", ref, err)
	}
	files, err := list[file](ctx, p.api, rest.Get("pulls.files", pullKind.path(ref, "diffs")))
	if err != nil {
		return nil, fmt.Errorf("list files of %v: %w", ref, err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.NewPath
	}
	return names, nil
}

func (m *mergeRequest) complete() error {
	if m.preparing() {
		return fmt.Errorf("the change is not known yet: %w", scm.ErrTransient)
	}
	if strings.HasSuffix(m.ChangesCount, "+") {
		return fmt.Errorf("of %s files: %w", m.ChangesCount, scm.ErrIncomplete)
	}
	return nil
}

// Compare implements scm.PullRequests. Of a rename both paths are named.
func (p pulls) Compare(ctx context.Context, repo scm.Repo, before, after string) ([]string, error) {
	if before == "" || after == "" {
		return nil, fmt.Errorf("compare %q with %q in %v: a commit is missing: %w", before, after, repo, scm.ErrInvalid)
	}
	c := rest.Get("repos.compare", projectPath(repo, "repository", "compare"))
	c.Query = url.Values{"from": {before}, "to": {after}, "straight": {"true"}}
	var answer struct {
		Diffs   []file `json:"diffs"`
		Timeout bool   `json:"compare_timeout"`
	}
	_, err := p.Do(ctx, c, nil, &answer)
	if err == nil && answer.Timeout {
		err = scm.ErrIncomplete
	}
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s in %v: %w", before, after, repo, err)
	}
	names := []string{}
	for _, f := range answer.Diffs {
		names = append(names, f.NewPath, first(f.OldPath, f.NewPath))
	}
	return sorted(names), nil
}

// Commits implements scm.PullRequests. They are read from the repository, because GitLab's own list of a merge request's
// commits leaves out their parents; of their authors it tells no accounts.
func (p pulls) Commits(ctx context.Context, ref scm.PullRef) ([]scm.Commit, error) {
	m, err := p.get(ctx, ref)
	if err == nil && m.preparing() {
		err = fmt.Errorf("the change is not known yet: %w", scm.ErrTransient)
	}
	if err != nil {
		return nil, fmt.Errorf("list commits of %v: %w", ref, err)
	}
	base, errBase := scm.CommitID(m.DiffRefs.Base)
	head, errHead := scm.CommitID(m.SHA)
	if err := errors.Join(errBase, errHead); err != nil || base == "" || head == "" {
		return nil, err // one without a change has no commits
	}
	c := rest.Get("repos.commits", projectPath(ref.Repo, "repository", "commits"))
	c.Query = url.Values{"ref_name": {base + ".." + head}, "order": {"topo"}}
	found, err := list[commit](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("list commits of %v: %w", ref, err)
	}
	all := make([]scm.Commit, len(found))
	for i, one := range found { // newest first
		all[len(found)-1-i] = scm.Commit{SHA: one.ID, Message: one.Message, Email: one.Email, Parents: one.Parents}
	}
	return all, nil
}

// commit is a commit as the API writes it.
type commit struct {
	ID      string   `json:"id"`
	Message string   `json:"message"`
	Email   string   `json:"author_email"`
	Parents []string `json:"parent_ids"`
}
