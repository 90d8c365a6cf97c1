package app

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/plugins"
)

// bucketEvery is the pause between two looks through the bucket for runs that the history does not know.
const bucketEvery = time.Hour

func (s *server) addDashboard() error {
	c := s.config.Current()
	past, err := history.Open(filepath.Join(cacheDir(s.CacheDir), "history.db"))
	if err != nil {
		return err
	}
	feed := &history.Feed{Store: past, Cluster: s.GetCache(), Namespace: c.ProwJobNamespace, Objects: s.store, Layout: layout(c), Every: bucketEvery}
	door, err := s.newLogin()
	if err != nil {
		return err
	}
	rules := access.Options{Forges: s.forges, Settings: s.accessSettings}
	deps := dashboard.Deps{Version: s.Version, Rebuilding: feed.Rebuilding}
	if door != nil {
		rules.Offers, deps.Login = door.Offers, door
	}
	deps.Read = gate.Deps{
		Cluster: s.GetCache(), Namespace: c.ProwJobNamespace, Live: s.GetAPIReader(), History: past,
		Logs: read.New(read.Options{
			Store: s.store, Source: s.source, Layout: layout(c), Cluster: s.GetCache(), API: s.GetAPIReader(),
		}),
		Store: s.store, Layout: layout(c), Access: access.New(rules), Setup: s.setup,
		Actions: &gate.ClusterActions{
			Client: s.GetClient(), Namespace: c.ProwJobNamespace, Launcher: s.launcher(), BuildIDs: job.NewBuildIDs(time.Now),
			Jobs: func() *job.Set { return s.config.Current().Jobs }, ReplayDelivery: s.inbox.Replay,
		},
	}
	return s.addAll(feed, dashboard.NewServer(s.DashboardAddress, deps))
}

// newLogin is nil where no connection has a login.
func (s *server) newLogin() (*login.Login, error) {
	c := s.config.Current()
	if len(s.logins()) == 0 {
		return nil, nil
	}
	base := cmp.Or(c.Dashboard.URL, s.DashboardURL)
	if base == "" {
		return nil, errors.New("set up logins: nothing says where people reach the dashboard; add dashboard.url to config.yaml")
	}
	return login.New(login.Options{
		Base: base, Connections: s.logins,
		Keys: func() ([][]byte, error) { return login.ReadKeys(s.config.Current().Dashboard.CookieKeyFile) },
	})
}

// logins are the connections that people can log in at.
func (s *server) logins() []login.Connection {
	var all []login.Connection
	for _, conn := range s.config.Current().Connections {
		if conn.Login == nil {
			continue
		}
		file := conn.Login.ClientSecretFile
		all = append(all, login.Connection{
			Name: conn.Name, Kind: conn.Kind, URL: conn.URL, ClientID: conn.Login.ClientID,
			Secret: func() (string, error) {
				secret, err := readSecret(file)
				return string(secret), err
			},
			Issuer: conn.Login.Issuer, UsernameClaim: conn.Login.UsernameClaim,
		})
	}
	return all
}

// accessSettings is what the configuration says of who may see and do what.
func (s *server) accessSettings() access.Settings {
	c := s.config.Current()
	out := access.Settings{Reading: access.Reading(c.Dashboard.Reading), Hidden: c.Hidden, Jobs: c.Jobs, LabelOKToTest: plugins.LabelOKToTest}
	deck := c.Stanzas.Deck
	if deck == nil {
		return out
	}
	if deck.RerunAuthConfig != nil { // of older versions: for all
		out.Defaults = append(out.Defaults, access.NewDefault("*", "", c.DefaultConnection(), deck.RerunAuthConfig))
	}
	for _, entry := range deck.DefaultRerunAuthConfigs {
		out.Defaults = append(out.Defaults, access.NewDefault(entry.Repo, entry.Cluster, c.DefaultConnection(), entry.Config))
	}
	out.Defaults = append(out.Defaults, access.DefaultsOf(deck.RerunAuthConfigs, c.DefaultConnection())...)
	return out
}

// setup is what the dashboard tells people of the configuration.
func (s *server) setup() gate.Setup {
	c := s.config.Current()
	out := gate.Setup{
		Revision: c.Revision, DefaultConnection: c.DefaultConnection(), Warnings: shown(c.Warnings), Jobs: c.Jobs,
		Plugins: s.chat.Plugins, Enabled: c.Plugins.Enabled, ErrorPatterns: c.Dashboard.ErrorPatterns, Repos: c.Repos(),
	}
	for _, file := range c.Files {
		out.Files = append(out.Files, gate.File{Name: file.Name, Text: string(file.Text)})
	}
	err := s.config.LastError()
	var broken *config.Errors
	switch {
	case errors.As(err, &broken):
		out.Refused = shown(broken.Findings)
	case err != nil:
		out.Refused = []gate.Finding{{Message: err.Error()}}
	}
	return out
}

func shown(findings []config.Finding) []gate.Finding {
	all := make([]gate.Finding, len(findings))
	for i, f := range findings {
		place := f.File
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
		}
		all[i] = gate.Finding{Place: place, Message: f.Message, Remedy: f.Remedy}
	}
	return all
}
