package simulator

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// The methods of Forge in this file and the following ones are what people and the API do. Dialects call them within Do,
// with the user who acts first; whether that user may do it is asked by [Forge.Permission] before.

// CommitFiles commits files onto a branch, which is made from newFrom if it does not exist; empty content removes a file.
func (f *Forge) CommitFiles(actor *User, r *Repo, branch, newFrom string, files map[string]string, message string) (string, error) {
	before := r.Tip(branch)
	if before == "" {
		from := r.Resolve(newFrom)
		if from == "" {
			return "", fmt.Errorf("branch %s: %w", newFrom, ErrNotFound)
		}
		if _, err := r.git(nil, "", "update-ref", "refs/heads/"+branch, from); err != nil {
			return "", err
		}
	}
	sha, err := r.commit(actor, branch, files, message)
	if err != nil {
		return "", err
	}
	return sha, f.pushed(actor, r, []RefChange{{"refs/heads/" + branch, before, sha}})
}

// SetRef moves, makes or, with an empty sha, deletes a ref.
func (f *Forge) SetRef(actor *User, r *Repo, ref, sha string) error {
	before := r.Resolve(ref)
	var err error
	if sha == "" {
		if before == "" {
			return fmt.Errorf("ref %s: %w", ref, ErrNotFound)
		}
		_, err = r.git(nil, "", "update-ref", "-d", ref)
	} else {
		_, err = r.git(nil, "", "update-ref", ref, sha)
	}
	if err != nil {
		return err
	}
	return f.pushed(actor, r, []RefChange{{ref, before, sha}})
}

// pushed tells of refs that have moved, and moves the pull requests that follow them.
func (f *Forge) pushed(actor *User, r *Repo, refs []RefChange) error {
	if len(refs) == 0 {
		return nil
	}
	f.emit(&Change{Kind: scm.KindPush, Action: scm.ActionOther, Actor: actor, Repo: r, Refs: refs})
	for _, ref := range refs {
		branch, ok := strings.CutPrefix(ref.Ref, "refs/heads/")
		if !ok || ref.After == "" {
			continue
		}
		for _, p := range f.followers(r, branch) {
			was := p.HeadSHA
			p.HeadSHA = ref.After
			if err := f.keepHead(p); err != nil {
				return err
			}
			f.touch(p)
			f.emit(&Change{Kind: scm.KindPullRequest, Action: scm.ActionSynchronize, Actor: actor, Repo: p.Repo, Pull: p, Was: map[string]string{"head": was}})
		}
	}
	return nil
}

// followers are the open pull requests whose head is a branch, and those onto it have their base looked at again.
func (f *Forge) followers(r *Repo, branch string) []*Pull {
	var all []*Pull
	for _, base := range f.repos {
		for _, n := range numbers(base.Pulls) {
			p := base.Pulls[n]
			if p.State != scm.StateOpen {
				continue
			}
			if base == r && p.Base == branch {
				p.BaseSHA = r.Tip(branch)
			}
			if p.HeadRepo == r && p.Head == branch {
				all = append(all, p)
			}
		}
	}
	return all
}

// keepHead brings a pull request's head into its base repository, under the vendor's ref or a hidden one.
func (f *Forge) keepHead(p *Pull) error {
	ref := f.dialect.HeadRef(p.Number)
	if ref == "" {
		ref = fmt.Sprintf("%s/pull/%d", hiddenRefs, p.Number)
	}
	if p.HeadRepo != p.Repo {
		_, err := p.Repo.git(nil, "", "fetch", "-q", "--no-tags", p.HeadRepo.dir, "+refs/heads/"+p.Head+":"+ref)
		return err
	}
	_, err := p.Repo.git(nil, "", "update-ref", ref, p.HeadSHA)
	return err
}

// Fork copies a repository to a user's own.
func (f *Forge) Fork(actor *User, r *Repo) (*Repo, error) {
	own := f.orgs[key(actor.Login)]
	if fork := f.repos[key(own.Path+"/"+r.Name)]; fork != nil {
		return fork, nil
	}
	fork := f.newRepo(own, r.Name)
	fork.Parent, fork.DefaultBranch = r, r.DefaultBranch
	cmd := exec.Command("git", "clone", "-q", "--bare", r.dir, fork.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("fork %s: %w: %s", r.FullName(), err, out)
	}
	if err := fork.init(); err != nil {
		return nil, err
	}
	f.repos[key(fork.FullName())] = fork
	return fork, nil
}

// DeleteRepo deletes a repository; open pull requests from it close.
func (f *Forge) DeleteRepo(actor *User, r *Repo) error {
	delete(f.repos, key(r.FullName()))
	endAll(r.Hooks)
	for _, base := range f.repos {
		for _, n := range numbers(base.Pulls) {
			p := base.Pulls[n]
			if p.HeadRepo != r {
				continue
			}
			p.HeadRepo = nil
			if p.State == scm.StateOpen {
				p.State = scm.StateClosed
				f.touch(p)
				f.emit(&Change{Kind: scm.KindPullRequest, Action: scm.ActionClosed, Actor: actor, Repo: base, Pull: p})
			}
		}
	}
	return os.RemoveAll(r.dir)
}
