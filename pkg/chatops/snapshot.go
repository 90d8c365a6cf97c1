package chatops

import (
	"context"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Snapshot answers questions about the forge for one event, each asked at most once however many plugins want to know.
// It belongs to one goroutine.
type Snapshot struct {
	Client *scm.Client
	// Bot is Pharos's own login, or its id where logins are open names.
	Bot string
	// Late: the event told too little of the pull request, which is as it was found when the event was handled. Another event
	// may have found the same.
	Late bool

	pull     *scm.PullRequest
	labels   memo[[]string]
	changed  memo[[]string]
	files    *lru.Cache[change, []string]
	statuses memo[[]scm.Status]
	members  map[string]bool
	writers  map[string]bool
}

type memo[T any] struct {
	value T
	known bool
}

func (m *memo[T]) get(load func() (T, error)) (T, error) {
	if m.known {
		return m.value, nil
	}
	v, err := load()
	if err == nil {
		m.value, m.known = v, true
	}
	return v, err
}

// NewSnapshot starts from what the event itself tells, which is also what pins the commit that gets tested.
func NewSnapshot(client *scm.Client, bot string, e scm.Event) *Snapshot {
	s := &Snapshot{Client: client, Bot: bot, members: map[string]bool{}, writers: map[string]bool{}}
	switch e := e.(type) {
	case *scm.PullRequestEvent:
		s.pull = &e.Pull
	case *scm.CommentEvent:
		s.pull = e.Pull
	}
	return s
}

// Pull is the pull request as the event described it, or as the forge does now where the event said too little.
func (s *Snapshot) Pull(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	if s.pull != nil && whole(s.pull) {
		return s.pull, nil
	}
	var pull *scm.PullRequest
	var err error
	if s.pull == nil {
		pull, err = s.Client.Pulls.Get(ctx, ref)
	} else {
		pull, err = s.Client.Pulls.Complete(ctx, *s.pull)
	}
	if err != nil {
		return nil, err
	}
	s.pull, s.Late = pull, true
	return s.pull, nil
}

// HasLabel says whether a pull request has a label. Where Pharos keeps the labels itself no event tells of them, and it costs
// calls to ask.
func (s *Snapshot) HasLabel(ctx context.Context, p *scm.PullRequest, name string) (bool, error) {
	if !s.Client.EmulatedLabels {
		return p.HasLabel(name), nil
	}
	labels, err := s.labels.get(func() ([]string, error) { return s.Client.Labels.List(ctx, p.Ref) })
	return scm.PullRequest{Labels: labels}.HasLabel(name), err
}

// whole says that the event told what plugins ask about: forges may leave out the head, or who the author's number is.
func whole(p *scm.PullRequest) bool {
	return p.Head.SHA != "" && p.Base.Name != "" && (p.Author.Login != "" || p.Author.ID == "")
}

// complete adds to the event of an open pull request what the forge left out of it.
func (s *Snapshot) complete(ctx context.Context, e scm.Event) (scm.Event, error) {
	told, ok := e.(*scm.PullRequestEvent)
	if !ok || told.Pull.State != scm.StateOpen || whole(&told.Pull) {
		return e, nil
	}
	pull, err := s.Pull(ctx, told.Pull.Ref)
	if err != nil {
		return nil, fmt.Errorf("read %v: %w", told.Pull.Ref, err)
	}
	whole := *told
	whole.Pull = *pull
	return &whole, nil
}

// ChangedFiles of the pull request, remembered beyond the event for as long as its head and base are the same.
func (s *Snapshot) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	return s.changed.get(func() ([]string, error) {
		if s.files == nil || s.pull == nil || s.pull.Ref != ref || s.pull.Head.SHA == "" {
			return s.Client.Pulls.ChangedFiles(ctx, ref)
		}
		at := change{ref, s.pull.Head.SHA, s.pull.Base.Name}
		if files, ok := s.files.Get(at); ok {
			return files, nil
		}
		files, err := s.Client.Pulls.ChangedFiles(ctx, ref)
		if err == nil {
			s.files.Add(at, files)
		}
		return files, err
	})
}

// Statuses of the pull request's head commit.
func (s *Snapshot) Statuses(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	return s.statuses.get(func() ([]scm.Status, error) { return s.Client.Statuses.List(ctx, repo, sha) })
}

// IsBot says whether an account is Pharos itself.
func (s *Snapshot) IsBot(user scm.User) bool { return s.Client.Named(user, s.Bot) }

// IsMember of the organisation that owns a repository.
func (s *Snapshot) IsMember(ctx context.Context, org string, user scm.User) (bool, error) {
	return ask(s.members, org+"\x00"+user.Login+"\x00"+user.ID, func() (bool, error) { return s.Client.Members.IsOrgMember(ctx, org, user) })
}

// IsCollaborator says whether a user may write to the repository.
func (s *Snapshot) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	return ask(s.writers, user.Login+"\x00"+user.ID, func() (bool, error) { return s.Client.Members.IsCollaborator(ctx, repo, user) })
}

func ask(known map[string]bool, key string, load func() (bool, error)) (bool, error) {
	if v, ok := known[key]; ok {
		return v, nil
	}
	v, err := load()
	if err == nil {
		known[key] = v
	}
	return v, err
}
