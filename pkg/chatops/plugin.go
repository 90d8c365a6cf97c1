package chatops

import (
	"context"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Plugin is one feature. Handlers that are nil are not called; each must be safe to run again for the same event,
// because a delivery is retried after a crash or a failure.
type Plugin struct {
	// Name is the plugin's key in plugins.yaml.
	Name string
	// Help says in one sentence what the plugin does.
	Help string
	// Commands are what people may type; the generated help lists them.
	Commands []Command
	// Wants narrows the events worth storing; nil wants every event that a handler exists for. It must not do I/O.
	Wants func(scm.Event) bool
	// Push, PullRequest and Comment handle one event each. An error that wraps scm.ErrTransient is retried for long.
	Push        func(context.Context, *Run, *scm.Push) error
	PullRequest func(context.Context, *Run, *scm.PullRequestEvent) error
	Comment     func(context.Context, *Run, *scm.CommentEvent) error
}

// Command documents one command.
type Command struct {
	// Name without the slash: "test".
	Name string
	// Args in usage notation: "<job>... | all | ?".
	Args string
	// Help says in one sentence what it does; Who may use it.
	Help, Who string
}

func (p *Plugin) wants(e scm.Event) bool {
	var handled bool
	switch e.(type) {
	case *scm.Push:
		handled = p.Push != nil
	case *scm.PullRequestEvent:
		handled = p.PullRequest != nil
	case *scm.CommentEvent:
		handled = p.Comment != nil
	}
	return handled && (p.Wants == nil || p.Wants(e))
}

func (p *Plugin) handle(ctx context.Context, run *Run, e scm.Event) error {
	switch e := e.(type) {
	case *scm.Push:
		return p.Push(ctx, run, e)
	case *scm.PullRequestEvent:
		return p.PullRequest(ctx, run, e)
	case *scm.CommentEvent:
		return p.Comment(ctx, run, e)
	}
	return nil
}
