package bitbucketcloud

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// commitID checks a commit id, so that nothing else ever reaches a git command line. One that Bitbucket has cut short is "",
// because twelve digits can be made to fit another commit too.
func commitID(s string) (string, error) {
	const shortest = 7
	switch {
	case s == "":
		return "", nil
	case len(s) < shortest || len(s) > 64 || strings.Trim(s, "0123456789abcdef") != "":
		return "", fmt.Errorf("%.80q is not a commit id: %w", s, scm.ErrMalformed)
	case len(s) != 40 && len(s) != 64:
		return "", nil
	}
	return s, nil
}

// whole replaces the commits of pull requests of a repository, which the API cuts to twelve digits, by their whole ids; what
// no longer exists becomes empty. Branches of the repository are asked for together.
func (p pulls) whole(ctx context.Context, repo scm.Repo, found []*pull) error {
	var names []string
	for _, one := range found {
		names = append(names, one.Source.Branch.Name, one.Destination.Branch.Name)
	}
	tips, err := p.tips(ctx, repo, names...)
	if err != nil {
		return err
	}
	for _, one := range found {
		own := one.Source.Repository != nil && strings.EqualFold(one.Source.Repository.FullName, repo.FullName())
		head, base := one.Source.Commit, one.Destination.Commit
		if !own || !head.lengthen(tips[one.Source.Branch.Name]) {
			if err := p.wholeHead(ctx, scm.PullRef{Repo: repo, Number: one.ID}, head); err != nil {
				return fmt.Errorf("find head of #%d: %w", one.ID, err)
			}
		}
		if !base.lengthen(tips[one.Destination.Branch.Name]) {
			if err := p.wholeIn(ctx, repo, base); err != nil {
				return fmt.Errorf("find base of #%d: %w", one.ID, err)
			}
		}
		if err := p.wholeIn(ctx, repo, one.MergeCommit); err != nil {
			return fmt.Errorf("find merge commit of #%d: %w", one.ID, err)
		}
	}
	return nil
}

// lengthen takes over the whole id if it is of the same commit, and says that nothing is left to do.
func (h *hashed) lengthen(whole string) bool {
	if h == nil || h.Hash == "" {
		return true
	}
	if whole == "" || !strings.HasPrefix(whole, h.Hash) {
		return false
	}
	h.Hash = whole
	return true
}

// tips are the commits that branches of a repository point at.
func (p pulls) tips(ctx context.Context, repo scm.Repo, names ...string) (map[string]string, error) {
	const together = 20 // names in one query, which keeps its address short enough
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
	tips := map[string]string{}
	for some := range slices.Chunk(names, together) {
		var terms []string
		for _, name := range some {
			terms = append(terms, is("name", name))
		}
		c := rest.Get("branches.list", repoPath(repo, "refs", "branches"))
		c.Query = url.Values{"q": {strings.Join(terms, " OR ")}, "fields": {"next,values.name,values.target.hash"}}
		branches, err := list[moved](ctx, p.api, c)
		if err != nil {
			return nil, fmt.Errorf("list branches: %w", err)
		}
		for _, b := range branches {
			tips[b.Name] = b.Target.Hash
		}
	}
	return tips, nil
}

// wholeHead looks among the commits of the pull request, which its own repository tells, also those from a fork that the bot
// may not read. There are none when the branch or the fork is gone.
func (p pulls) wholeHead(ctx context.Context, ref scm.PullRef, head *hashed) error {
	if head == nil || head.Hash == "" {
		return nil
	}
	c := rest.Get("pulls.commits", pullPath(ref, "commits"))
	c.Query = url.Values{"fields": {"next,values.hash"}}
	done := false
	err := walk(ctx, p.api, paged(c), func(commits []hashed) bool {
		done = slices.ContainsFunc(commits, func(c hashed) bool { return head.lengthen(c.Hash) })
		return !done
	})
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return err
	}
	if done {
		return nil
	}
	return p.wholeIn(ctx, ref.Repo, head)
}

// wholeIn asks for a commit of the repository by the digits that are known.
func (a *api) wholeIn(ctx context.Context, repo scm.Repo, short *hashed) error {
	if short == nil || short.Hash == "" {
		return nil
	}
	if _, err := commitID(short.Hash); err != nil {
		return err
	}
	c := rest.Get("commits.get", repoPath(repo, "commit", short.Hash))
	c.Query = url.Values{"fields": {"hash"}}
	var answer hashed
	_, err := a.Do(ctx, c, nil, &answer)
	if errors.Is(err, scm.ErrNotFound) || err == nil && !short.lengthen(answer.Hash) {
		short.Hash = ""
		return nil
	}
	return err
}

// file is a change of one path; the old one is null for an added file, the new one for a removed one.
type file struct {
	Old *filePath `json:"old"`
	New *filePath `json:"new"`
}

type filePath struct {
	Path string `json:"path"`
}

// ChangedFiles implements scm.PullRequests. Bitbucket compares the head with the merge base.
func (p pulls) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	c := rest.Get("pulls.files", pullPath(ref, "diffstat")) // Bitbucket redirects it to the diffstat of two commits
	c.Query = url.Values{"pagelen": {filesPerPage}}
	files, err := list[file](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("list files of %v: %w", ref, err)
	}
	names := []string{}
	for _, f := range files {
		switch {
		case f.New != nil:
			names = append(names, f.New.Path)
		case f.Old != nil:
			names = append(names, f.Old.Path)
		}
	}
	return names, nil
}

// Compare implements scm.PullRequests. Bitbucket wants the newer commit first, the other way round than git.
func (p pulls) Compare(ctx context.Context, repo scm.Repo, before, after string) ([]string, error) {
	if before == "" || after == "" {
		return nil, fmt.Errorf("compare %q with %q in %v: a commit is missing: %w", before, after, repo, scm.ErrInvalid)
	}
	c := rest.Get("repos.compare", repoPath(repo, "diffstat", after+".."+before))
	c.Query = url.Values{"topic": {"false"}, "pagelen": {filesPerPage}} // false compares the two, not the newer with the merge base
	files, err := list[file](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s in %v: %w", before, after, repo, err)
	}
	names := []string{}
	for _, f := range files {
		for _, side := range []*filePath{f.Old, f.New} {
			if side != nil {
				names = append(names, side.Path)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
