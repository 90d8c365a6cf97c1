package scmtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Client is a client of the forge as [Bot]. All clients of one forge share its state.
func (f *Forge) Client() *scm.Client {
	none := scm.NewClient(scm.Client{})
	return scm.NewClient(scm.Client{
		Capabilities: scm.Capabilities{PullHeadRef: "refs/pull/%d/head"},
		Pulls:        pulls{f, none.Pulls},
		Comments:     comments{f, none.Comments},
		Labels:       labels{f, none.Labels},
		Statuses:     statuses{f},
		Members:      members{f, none.Members},
	})
}

func (f *Forge) find(ref scm.PullRef) (*scm.PullRequest, error) {
	if pr := f.pulls[ref]; pr != nil {
		return pr, nil
	}
	return nil, fmt.Errorf("pull request %v: %w", ref, scm.ErrNotFound)
}

type pulls struct {
	*Forge
	scm.PullRequests
}

func (f pulls) Get(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	err := f.enter(ctx, "Pulls.Get")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	pr, err := f.find(ref)
	if err != nil {
		return nil, err
	}
	snapshot := *pr
	snapshot.Labels = slices.Clone(pr.Labels)
	return &snapshot, nil
}

// Complete implements scm.PullRequests.
func (f pulls) Complete(ctx context.Context, told scm.PullRequest) (*scm.PullRequest, error) {
	return f.Get(ctx, told.Ref)
}

func (f pulls) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	err := f.enter(ctx, "Pulls.ChangedFiles")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if _, err := f.find(ref); err != nil {
		return nil, err
	}
	return slices.Clone(f.changed[ref]), nil
}

func (f pulls) Compare(ctx context.Context, repo scm.Repo, before, after string) ([]string, error) {
	err := f.enter(ctx, "Pulls.Compare")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	files, ok := f.compared[rangeKey{repo, before, after}]
	if !ok {
		return nil, fmt.Errorf("compare %s with %s in %v: %w", before, after, repo, scm.ErrNotFound)
	}
	return slices.Clone(files), nil
}

type comments struct {
	*Forge
	scm.Comments
}

func (f comments) List(ctx context.Context, ref scm.PullRef) ([]scm.Comment, error) {
	err := f.enter(ctx, "Comments.List")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return slices.Clone(f.comments[ref]), nil
}

func (f comments) Create(ctx context.Context, ref scm.PullRef, body string) (scm.Comment, error) {
	err := f.enter(ctx, "Comments.Create")
	defer f.mu.Unlock()
	if err != nil {
		return scm.Comment{}, err
	}
	return f.comment(ref, Bot, body), nil
}

func (f comments) Edit(ctx context.Context, ref scm.PullRef, id, body string) error {
	err := f.enter(ctx, "Comments.Edit")
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(f.comments[ref], func(c scm.Comment) bool { return c.ID == id })
	if i < 0 {
		return fmt.Errorf("comment %s of %v: %w", id, ref, scm.ErrNotFound)
	}
	f.comments[ref][i].Body = body
	return nil
}

func (f comments) Delete(ctx context.Context, ref scm.PullRef, id string) error {
	err := f.enter(ctx, "Comments.Delete")
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	f.comments[ref] = slices.DeleteFunc(f.comments[ref], func(c scm.Comment) bool { return c.ID == id })
	return nil
}

type labels struct {
	*Forge
	scm.Labels
}

func (f labels) List(ctx context.Context, ref scm.PullRef) ([]string, error) {
	err := f.enter(ctx, "Labels.List")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	pr, err := f.find(ref)
	if err != nil {
		return nil, err
	}
	return slices.Clone(pr.Labels), nil
}

func (f labels) Add(ctx context.Context, ref scm.PullRef, label string) error {
	err := f.enter(ctx, "Labels.Add")
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	pr, err := f.find(ref)
	if err != nil {
		return err
	}
	if !pr.HasLabel(label) {
		pr.Labels = append(pr.Labels, label)
	}
	return nil
}

func (f labels) Remove(ctx context.Context, ref scm.PullRef, label string) error {
	err := f.enter(ctx, "Labels.Remove")
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	pr, err := f.find(ref)
	if err != nil {
		return err
	}
	pr.Labels = slices.DeleteFunc(pr.Labels, func(l string) bool { return strings.EqualFold(l, label) })
	return nil
}

type statuses struct{ *Forge }

func (f statuses) Set(ctx context.Context, repo scm.Repo, sha string, status scm.Status) error {
	err := f.enter(ctx, "Statuses.Set")
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	key := commitKey{repo, sha}
	f.statuses[key] = append(f.statuses[key], status)
	return nil
}

func (f statuses) List(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	err := f.enter(ctx, "Statuses.List")
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return newest(f.statuses[commitKey{repo, sha}]), nil
}

type members struct {
	*Forge
	scm.Members
}

func (f members) IsOrgMember(ctx context.Context, org string, user scm.User) (bool, error) {
	err := f.enter(ctx, "Members.IsOrgMember")
	defer f.mu.Unlock()
	if err != nil {
		return false, err
	}
	return f.members[pairOf(org, user.Login)], nil
}

func (f members) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	err := f.enter(ctx, "Members.IsCollaborator")
	defer f.mu.Unlock()
	if err != nil {
		return false, err
	}
	return f.collaborators[pairOf(repo.String(), user.Login)], nil
}
