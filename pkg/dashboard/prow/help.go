package prow

import (
	"net/http"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
)

// help is what Prow's hook generates for Deck: plugins by repository, with their commands.
type help struct {
	AllRepos            []string
	RepoPlugins         map[string][]string
	RepoExternalPlugins map[string][]string
	PluginHelp          map[string]pluginHelp
	ExternalPluginHelp  map[string]pluginHelp
}

type pluginHelp struct {
	ShortDescription string
	Description      string
	Config           map[string]string
	Events           []string
	Commands         []command
}

type command struct {
	Usage       string
	Featured    bool
	Description string
	Examples    []string
	WhoCanUse   string
}

func (p *routes) pluginHelp(w http.ResponseWriter, r *http.Request) error {
	enabled, err := p.gate.Plugins(r.Context(), gate.JobFilter{})
	if err != nil {
		return err
	}
	out := help{
		AllRepos: []string{}, RepoPlugins: map[string][]string{}, RepoExternalPlugins: map[string][]string{},
		PluginHelp: map[string]pluginHelp{}, ExternalPluginHelp: map[string]pluginHelp{},
	}
	for _, plugin := range enabled {
		described := pluginHelp{ShortDescription: plugin.Help, Description: plugin.Help, Config: map[string]string{}, Events: []string{}, Commands: []command{}}
		for _, c := range plugin.Commands {
			described.Commands = append(described.Commands, command{
				Usage: c.Usage, Description: c.Help, Examples: c.Examples, WhoCanUse: c.Who,
			})
		}
		out.PluginHelp[plugin.Name] = described
		for _, repo := range plugin.Repos {
			name := repo.FullName()
			if out.RepoPlugins[name] == nil {
				out.AllRepos = append(out.AllRepos, name)
			}
			out.RepoPlugins[name] = append(out.RepoPlugins[name], plugin.Name)
		}
	}
	return script(w, r, out)
}
