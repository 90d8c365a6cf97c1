package simulator

import "github.com/pharos-ci/pharos/pkg/scm"

// The methods of this file let tests look at the state. What they return is a copy.

// StatusHistory are the statuses that were put on a commit, oldest first.
func (f *Forge) StatusHistory(repo scm.Repo, sha string) ([]scm.Status, error) {
	var all []scm.Status
	err := f.Do(func() error {
		r, err := f.repo(repo.Org, repo.Name)
		if err != nil {
			return err
		}
		for _, s := range r.Statuses[sha] {
			all = append(all, s.Status)
		}
		return nil
	})
	return all, err
}

// CommentsBy are the texts of a pull request's comments by one author, oldest first.
func (f *Forge) CommentsBy(ref scm.PullRef, login string) ([]string, error) {
	var all []string
	err := f.onPull(ref, func(p *Pull) {
		for _, c := range p.Comments {
			if key(c.Author.Login) == key(login) {
				all = append(all, c.Body)
			}
		}
	})
	return all, err
}

// LabelsOf are the names of a pull request's labels.
func (f *Forge) LabelsOf(ref scm.PullRef) ([]string, error) {
	var all []string
	err := f.onPull(ref, func(p *Pull) {
		for _, l := range p.Labels {
			all = append(all, l.Name)
		}
	})
	return all, err
}

// HeadOf is a pull request's head, and the commit that it was merged as.
func (f *Forge) HeadOf(ref scm.PullRef) (head, merged string, err error) {
	err = f.onPull(ref, func(p *Pull) { head, merged = p.HeadSHA, p.MergeSHA })
	return head, merged, err
}

func (f *Forge) onPull(ref scm.PullRef, look func(*Pull)) error {
	return f.Do(func() error {
		r, err := f.repo(ref.Org, ref.Name)
		if err != nil {
			return err
		}
		p, err := r.Pull(ref.Number)
		if err == nil {
			look(p)
		}
		return err
	})
}

// RedeliverLike sends the delivery with a body once more, from whatever hook sent it.
func (f *Forge) RedeliverLike(body []byte) error {
	return f.Do(func() error {
		for _, s := range f.sent {
			if string(s.Body) == string(body) {
				return f.Redeliver(s.Hook, s.ID)
			}
		}
		return ErrNotFound
	})
}
