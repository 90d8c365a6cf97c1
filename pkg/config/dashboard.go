package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Dashboard is how the dashboard shows runs, and to whom.
type Dashboard struct {
	// URL is where people reach it. Empty means what the job_url_prefix of plank begins with. Logins come back to it.
	URL string `json:"url,omitempty"`
	// CookieKeyFile holds one key on each line, at least 32 bytes in base64, which sessions are encrypted with: the first is used,
	// all are accepted. All replicas share it. Logins need it.
	CookieKeyFile string `json:"cookie_key_file,omitempty"`
	// Reading says who sees runs: public (the default) shows those of public repositories to everybody and others to those who
	// may read them on their forge; members is that for people who are logged in, and shows others nothing; all shows
	// everything to everybody, for a dashboard behind a door of its own.
	Reading string `json:"reading,omitempty"`
	// ErrorPatterns are the regular expressions that "first error" looks for in logs. Empty means those of deck's buildlog lens,
	// or else a few common ones.
	ErrorPatterns []string `json:"error_patterns,omitempty"`
	// HiddenRepos are "org" or "org/repo" as deck.hidden_repos names them: they are shown as private repositories are.
	HiddenRepos []string `json:"-"`
}

// Login lets people log in to the dashboard with their account on a connection's forge.
type Login struct {
	// ClientID and ClientSecretFile are those of an OAuth2 application on the forge, whose redirect address is
	// DASHBOARD/login/CONNECTION/callback.
	ClientID         string `json:"client_id"`
	ClientSecretFile string `json:"client_secret_file"`
	// Issuer is an OpenID Connect provider beside the forge that knows the same people; UsernameClaim is the claim that holds
	// their login on the forge, preferred_username if nothing is said.
	Issuer        string `json:"issuer,omitempty"`
	UsernameClaim string `json:"username_claim,omitempty"`
}

// defaultErrorPatterns are what most tools print where something went wrong.
var defaultErrorPatterns = []string{
	`(?i)\berror\b(:|\[)`, `^(E[0-9]{4} |FATAL|FAIL\b|--- FAIL)`, `(?i)\bpanic: `, `Traceback \(most recent call last\)`, `(?i)\bfatal: `,
	`(exit status|exit code|returned) [1-9]`,
}

func (d *Dashboard) merge(deck *stanza.Deck) {
	if deck == nil {
		deck = &stanza.Deck{}
	}
	d.HiddenRepos = deck.HiddenRepos
	for _, lens := range deck.Spyglass.Lenses {
		var settings struct {
			Highlight []string `json:"highlight_regexes"`
		}
		if lens.Lens.Name == "buildlog" && len(d.ErrorPatterns) == 0 {
			lens.Lens.Config.Decode(&settings)
			d.ErrorPatterns = settings.Highlight
		}
	}
	if len(d.ErrorPatterns) == 0 {
		d.ErrorPatterns = slices.Clone(defaultErrorPatterns)
	}
}

// Hidden says that deck.hidden_repos names a repository, or its organisation.
func (c *Config) Hidden(repo scm.Repo) bool {
	for _, name := range c.Dashboard.HiddenRepos {
		connection, path, ok := strings.Cut(name, ":")
		if !ok {
			connection, path = c.defaultConnection, name
		}
		if connection == repo.Connection && (path == repo.Org || path == repo.FullName()) {
			return true
		}
	}
	return false
}

func (d *Dashboard) check(logins bool, at place) {
	if d.URL = strings.TrimRight(d.URL, "/"); d.URL != "" && !webAddress(d.URL) {
		at(SeverityError, "dashboard.url", fmt.Sprintf("dashboard url %q is not an address of a server", redact(d.URL)), "write one like https://ci.example.com")
	}
	if !slices.Contains([]string{"", "public", "members", "all"}, d.Reading) {
		at(SeverityError, "dashboard.reading", fmt.Sprintf("reading %q is not known", d.Reading), "use public, members or all")
	}
	if d.Reading == "members" && !logins {
		at(SeverityError, "dashboard.reading", "reading is for members, but nobody can log in", "give a connection its login, or use public")
	}
	for i, pattern := range d.ErrorPatterns {
		if _, err := regexp.Compile(pattern); err != nil {
			at(SeverityError, fmt.Sprintf("dashboard.error_patterns[%d]", i), fmt.Sprintf("error pattern %q is not a regular expression: %v", pattern, err), "use the syntax of Go's regexp package")
		}
	}
	if logins && d.CookieKeyFile == "" {
		at(SeverityError, "dashboard.cookie_key_file", "logins need dashboard.cookie_key_file", "make a file with openssl rand -base64 32 and name it")
	}
}

func webAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

func (l *Login) check(path string, at place) {
	if l.ClientID == "" || l.ClientSecretFile == "" {
		at(SeverityError, path, "a login needs client_id and client_secret_file", "register an OAuth2 application on the forge and name both")
	}
	if l.Issuer != "" && !webAddress(l.Issuer) {
		at(SeverityError, path+".issuer", fmt.Sprintf("issuer %q is not an address of a server", redact(l.Issuer)), "write one like https://login.example.com")
	}
	if l.UsernameClaim != "" && l.Issuer == "" {
		at(SeverityError, path+".username_claim", "username_claim means nothing without issuer", "remove it, or name the issuer")
	}
}
