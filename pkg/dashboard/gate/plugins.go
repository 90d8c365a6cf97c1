package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Plugin is a plugin and the repositories that it is enabled for, of those that the files name.
type Plugin struct {
	Name, Help string
	Commands   []Command
	Repos      []scm.Repo
}

// Command is something that people may write in a comment.
type Command struct {
	// Usage is the command with its arguments: "/test <job>...".
	Usage, Help, Who string
	// Examples are ways to write it.
	Examples []string
}

// Plugins lists the plugins that are enabled for any repository which the filter selects and the reader may read.
func (g *Gate) Plugins(ctx context.Context, f JobFilter) ([]Plugin, error) {
	setup := g.d.Setup()
	repos := slices.DeleteFunc(slices.Concat(setup.Jobs.Repos(), setup.Repos), func(r scm.Repo) bool { return !f.matches(r) })
	seen, err := g.visibleOf(ctx, repos)
	if err != nil {
		return nil, fmt.Errorf("list plugins: %w", err)
	}
	enabled := map[string][]scm.Repo{}
	for repo := range seen {
		for _, name := range setup.Enabled(repo) {
			enabled[name] = append(enabled[name], repo)
		}
	}
	var all []Plugin
	for i := range setup.Plugins {
		p := &setup.Plugins[i]
		repos := enabled[p.Name]
		if len(repos) == 0 {
			continue
		}
		slices.SortFunc(repos, func(a, b scm.Repo) int { return strings.Compare(a.String(), b.String()) })
		shown := Plugin{Name: p.Name, Help: p.Help, Repos: repos}
		for _, c := range p.Commands {
			shown.Commands = append(shown.Commands, Command{
				Usage: strings.TrimSpace("/" + c.Name + " " + c.Args), Help: c.Help, Who: c.Who, Examples: examples(c),
			})
		}
		all = append(all, shown)
	}
	return all, nil
}

// examples are a command with each word that its usage offers, and bare where it needs none.
func examples(c chatops.Command) []string {
	found := []string{}
	if c.Args == "" || strings.HasPrefix(c.Args, "[") {
		found = append(found, "/"+c.Name)
	}
	for choice := range strings.SplitSeq(c.Args, "|") {
		choice = strings.Trim(choice, " []")
		if choice != "" && !strings.ContainsAny(choice, "<>[]. ") {
			found = append(found, "/"+c.Name+" "+choice)
		}
	}
	return found
}
