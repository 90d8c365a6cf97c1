package plugins

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func (t trigger) comment(ctx context.Context, run *chatops.Run, e *scm.CommentEvent) error {
	if run.IsBot(e.Comment.Author) {
		return nil
	}
	ref := scm.PullRef{Repo: e.Meta.Repo, Number: e.Number}
	p, err := run.Pull(ctx, ref)
	if err != nil {
		return fmt.Errorf("read %v: %w", ref, err)
	}
	author := e.Comment.Author.Login
	known, err := t.trustedUser(ctx, run, ref.Repo, e.Comment.Author)
	if err != nil {
		return err
	}
	commands := chatops.Commands(e.Comment.Body)
	why := cause{Ask: job.Ask{Comment: strings.TrimSpace(chatops.Plain(e.Comment.Body))}, sender: author}
	if i := slices.IndexFunc(commands, func(c chatops.Invocation) bool { return c.Name == "ok-to-test" }); i >= 0 {
		return t.vouch(ctx, run, p, known, why, commands, commands[i].Args)
	}
	if why.standing, err = t.commented(ctx, run, p, known); err != nil {
		return err
	}
	if why.standing == stranger {
		if !job.Asks(t.Jobs().Presubmits(ref.Repo), why.Comment) {
			return nil // a remark that some job might have listened to
		}
		return t.refuse(ctx, run, p, author, "this pull request is not trusted yet: a member has to comment `/ok-to-test` first")
	}
	return t.answer(ctx, run, p, why, commands)
}

// commented is the standing of a pull request for somebody's comment: a member may test any, without trusting it.
func (t trigger) commented(ctx context.Context, run *chatops.Run, p *scm.PullRequest, member bool) (standing, error) {
	if member && !t.keeps(p.Ref.Repo) {
		return once, nil
	}
	s, err := t.standingOf(ctx, run, p)
	if err == nil && s == stranger && member {
		s = once
	}
	return s, err
}

// vouch trusts a pull request at the commit that the member has seen, or takes the trust back.
func (t trigger) vouch(ctx context.Context, run *chatops.Run, p *scm.PullRequest, member bool, why cause, commands []chatops.Invocation, args string) error {
	if !member {
		return t.refuse(ctx, run, p, why.sender, "only members and collaborators can trust a pull request")
	}
	cancel := strings.EqualFold(args, "cancel")
	if commit.MatchString(args) && !strings.HasPrefix(p.Head.SHA, strings.ToLower(args)) {
		return t.refuse(ctx, run, p, why.sender, "the pull request is not at commit "+args+" any more")
	}
	if err := t.trust(ctx, run, p, cancel); err != nil || cancel {
		return err
	}
	why.Auto, why.standing = true, pinned
	return t.answer(ctx, run, p, why, commands)
}

// commit is what /ok-to-test may name.
var commit = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// answer starts what the comment asks for, and lists the jobs when it asks for that or for nothing that exists.
func (t trigger) answer(ctx context.Context, run *chatops.Run, p *scm.PullRequest, why cause, commands []chatops.Invocation) error {
	if slices.ContainsFunc(commands, func(c chatops.Invocation) bool { return strings.HasPrefix(c.Name, "retest") }) {
		if err := t.addContexts(ctx, run, p, &why.Ask); err != nil {
			return err
		}
	}
	jobs, keptErr := t.jobsFor(ctx, run, p, why)
	if !why.Auto && !job.Asks(jobs, why.Comment) {
		return keptErr // a remark that started nothing; its deliveries need no record of every job
	}
	decisions, err := t.start(ctx, run, p, jobs, why.Ask)
	if err := errors.Join(err, keptErr); err != nil {
		return err
	}
	started := slices.ContainsFunc(decisions, func(d job.Decision) bool { return d.Run })
	for _, c := range commands {
		if c.Name == "test" && (c.Args == "" || c.Args == "?" || !started) {
			return t.list(ctx, run, p, jobs, c.Args)
		}
	}
	return nil
}

func (t trigger) addContexts(ctx context.Context, run *chatops.Run, p *scm.PullRequest, ask *job.Ask) error {
	statuses, err := run.Statuses(ctx, p.Ref.Repo, p.Head.SHA)
	if err != nil {
		return fmt.Errorf("read statuses of %v: %w", p.Ref, err)
	}
	ask.Failed, ask.Seen = map[string]bool{}, map[string]bool{}
	for _, s := range statuses {
		ask.Seen[s.Context] = true
		if s.State == scm.StatusFailure || s.State == scm.StatusError {
			ask.Failed[s.Context] = true
		}
	}
	return nil
}

// trust swaps the labels of the gate.
func (t trigger) trust(ctx context.Context, run *chatops.Run, p *scm.PullRequest, cancel bool) error {
	add, remove := LabelOKToTest, LabelNeedsOKToTest
	if cancel {
		add, remove = remove, add
	}
	if err := run.Client.Labels.Add(ctx, p.Ref, add); err != nil {
		return fmt.Errorf("label %v: %w", p.Ref, err)
	}
	has, err := run.HasLabel(ctx, p, remove)
	if err != nil {
		return fmt.Errorf("read labels of %v: %w", p.Ref, err)
	}
	if has {
		if err := run.Client.Labels.Remove(ctx, p.Ref, remove); err != nil {
			return fmt.Errorf("remove label from %v: %w", p.Ref, err)
		}
	}
	run.Did("labelled it %s", add)
	return nil
}

func (t trigger) refuse(ctx context.Context, run *chatops.Run, p *scm.PullRequest, login, why string) error {
	run.Did("refused %s: %s", login, why)
	if _, err := run.Client.Comments.Create(ctx, p.Ref, fmt.Sprintf("@%s: nothing was started, because %s.", login, why)); err != nil {
		return fmt.Errorf("reply on %v: %w", p.Ref, err)
	}
	return nil
}

// list replies with the commands that start each job.
func (t trigger) list(ctx context.Context, run *chatops.Run, p *scm.PullRequest, jobs []*job.Presubmit, asked string) error {
	required, optional := job.HelpTargets(jobs, p.Base.Name)
	var b strings.Builder
	if asked != "" && asked != "?" {
		fmt.Fprintf(&b, "No job of this branch answers to `/test %s`.\n\n", strings.ReplaceAll(asked, "`", ""))
	}
	section(&b, "These jobs must pass before the merge:", required)
	section(&b, "These jobs are optional:", optional)
	if len(required)+len(optional) == 0 {
		fmt.Fprintf(&b, "No jobs are configured for branch `%s`.\n", p.Base.Name)
	} else {
		b.WriteString("`/test all` starts every job that runs by itself for the files changed here; `/retest` starts the failed ones again.\n")
	}
	if _, err := run.Client.Comments.Create(ctx, p.Ref, b.String()); err != nil {
		return fmt.Errorf("list jobs on %v: %w", p.Ref, err)
	}
	run.Did("listed the jobs that can be started")
	return nil
}

func section(b *strings.Builder, title string, commands []string) {
	if len(commands) == 0 {
		return
	}
	b.WriteString(title + "\n")
	for _, c := range commands {
		fmt.Fprintf(b, "* `%s`\n", c)
	}
	b.WriteString("\n")
}
