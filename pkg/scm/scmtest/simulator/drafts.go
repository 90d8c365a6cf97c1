package simulator

// DraftTitles is a dialect in which the title of a pull request says whether it is a draft.
type DraftTitles interface {
	IsDraft(title string) bool
	// DraftTitle makes a title a draft's, or takes that from it.
	DraftTitle(title string, draft bool) string
}

// titled opens a pull request whose title says whether it is a draft, where titles do.
func (f *Forge) titled(n NewPull) NewPull {
	if d, ok := f.dialect.(DraftTitles); ok {
		if n.Draft {
			n.Title = d.DraftTitle(n.Title, true)
		}
		n.Draft = d.IsDraft(n.Title)
	}
	return n
}

// retitled lets the title say what a patch changes about being a draft, where titles do.
func (f *Forge) retitled(p *Pull, patch Patch) Patch {
	d, ok := f.dialect.(DraftTitles)
	if !ok {
		return patch
	}
	title := p.Title
	if patch.Title != nil {
		title = *patch.Title
	}
	if patch.Draft != nil {
		title = d.DraftTitle(title, *patch.Draft)
	}
	p.Draft = d.IsDraft(title)
	patch.Title, patch.Draft = &title, nil
	return patch
}
