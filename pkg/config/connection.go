package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Connection is one forge server with one account on it.
type Connection struct {
	// Name is the last element of the webhook URL, /hook/NAME, and the prefix of repository keys, NAME:org/repo.
	Name string `json:"name"`
	// Kind is the forge: gitea, github, gitlab, bitbucketcloud or bitbucketserver.
	Kind string `json:"kind"`
	// URL is the forge's address, without a trailing slash.
	URL string `json:"url"`
	// Bot is the account's login, or its id on forges where anybody may take any name (Bitbucket Cloud).
	Bot string `json:"bot"`
	// TokenFile holds the account's token; WebhookSecretFiles hold every active webhook secret, so that one can be rotated.
	TokenFile          string   `json:"token_file"`
	WebhookSecretFiles []string `json:"webhook_secret_files"`
	// TokenUser goes with the token where the forge wants both: the e-mail address of a Bitbucket Cloud API token.
	TokenUser string `json:"token_user,omitempty"`
	// GitHubAppID and GitHubAppPrivateKeyFile replace the token on GitHub.
	GitHubAppID             int64  `json:"github_app_id,omitempty"`
	GitHubAppPrivateKeyFile string `json:"github_app_private_key_file,omitempty"`
	// OAuthClientID and OAuthClientSecretFile replace the token on Bitbucket Cloud: an OAuth consumer.
	OAuthClientID         string `json:"oauth_client_id,omitempty"`
	OAuthClientSecretFile string `json:"oauth_client_secret_file,omitempty"`
	// Login lets people log in to the dashboard with their account on this forge.
	Login *Login `json:"login,omitempty"`
	// Default marks the connection that repository keys without a name mean, and that /hook answers for. Without a mark it is
	// the first.
	Default bool `json:"default,omitempty"`
}

// CloneURI is the address that a repository is cloned from over HTTP.
func (c *Connection) CloneURI(repo scm.Repo) string {
	path := "/"
	if c.Kind == "bitbucketserver" {
		path = "/scm/"
	}
	return strings.TrimRight(c.URL, "/") + path + repo.FullName() + ".git"
}

// CloneURI is the address that a repository of any connection is cloned from; "" if no connection says where it is.
func (c *Config) CloneURI(repo scm.Repo) string {
	if conn, ok := c.Connection(repo.Connection); ok {
		return conn.CloneURI(repo)
	}
	return ""
}

// Kinds of forges that a connection may name.
var Kinds = []string{"gitea", "github", "gitlab", "bitbucketcloud", "bitbucketserver"}

// implicitConnection is what repository keys mean while a configuration has no connection, as Prow's have none.
const implicitConnection = "default"

var validConnection = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// place reports a finding at a path of the config file.
type place func(severity Severity, path, message, remedy string)

func checkConnections(all []Connection, at place) {
	names, marked := map[string]bool{}, false
	for i := range all {
		c := &all[i]
		path := fmt.Sprintf("connections[%d]", i)
		c.check(func(s Severity, field, message, remedy string) { at(s, path+"."+field, message, remedy) })
		if names[c.Name] {
			at(SeverityError, path+".name", fmt.Sprintf("connection %q exists already", c.Name), "give each its own name")
		}
		names[c.Name] = true
		if c.Default && marked {
			at(SeverityError, path+".default", "two connections are marked as default", "mark one of them")
		}
		marked = marked || c.Default
	}
}

func (c *Connection) check(at place) {
	if !validConnection.MatchString(c.Name) {
		at(SeverityError, "name", fmt.Sprintf("connection name %q is not usable in a URL", c.Name), "use up to 40 lower-case letters, digits and dashes")
	}
	if !slices.Contains(Kinds, c.Kind) {
		at(SeverityError, "kind", fmt.Sprintf("connection kind %q is not known", c.Kind), "use one of "+strings.Join(Kinds, ", "))
	}
	c.URL = strings.TrimRight(c.URL, "/")
	if !webAddress(c.URL) {
		at(SeverityError, "url", fmt.Sprintf("connection url %q is not an address of a server", redact(c.URL)), "write one like https://git.example.com, without user or password")
	}
	if c.Bot == "" {
		at(SeverityError, "bot", "a connection needs bot", "name the login of the account that the token belongs to")
	}
	c.checkCredentials(at)
	if c.Login != nil {
		c.Login.check("login", at)
	}
	if len(c.WebhookSecretFiles) == 0 {
		at(SeverityError, "webhook_secret_files", "a connection needs webhook_secret_files", "name the files that hold the webhook secrets; unsigned webhooks are refused")
	}
}

// credential is one way to prove who the bot is: by which kinds of forges, and whether each half of it is given.
type credential struct {
	field, other string
	kinds        []string
	given, whole bool
}

// checkCredentials wants exactly one way to log in, and one that the kind of forge has.
func (c *Connection) checkCredentials(at place) {
	ways := []credential{
		{"token_file", "", Kinds, c.TokenFile != "", true},
		{"github_app_id", "github_app_private_key_file", []string{"github"}, c.GitHubAppID != 0 || c.GitHubAppPrivateKeyFile != "",
			c.GitHubAppID != 0 && c.GitHubAppPrivateKeyFile != ""},
		{"oauth_client_id", "oauth_client_secret_file", []string{"bitbucketcloud"}, c.OAuthClientID != "" || c.OAuthClientSecretFile != "",
			c.OAuthClientID != "" && c.OAuthClientSecretFile != ""},
	}
	var given []string
	for _, way := range ways {
		if !way.given {
			continue
		}
		given = append(given, way.field)
		if !slices.Contains(way.kinds, c.Kind) {
			at(SeverityError, way.field, fmt.Sprintf("%s is not a way to log in to %s", way.field, c.Kind), "use token_file")
		}
		if !way.whole {
			at(SeverityError, way.field, way.field+" and "+way.other+" belong together", "give both")
		}
	}
	switch {
	case len(given) == 0:
		at(SeverityError, "token_file", "a connection needs token_file", "name the file that holds the account's token")
	case len(given) > 1:
		at(SeverityError, given[1], strings.Join(given, " and ")+" exclude each other", "keep one")
	}
}

// redact keeps a password that was put into a URL out of logs.
func redact(address string) string {
	if before, after, found := strings.Cut(address, "@"); found && strings.Contains(before, ":") {
		scheme, _, _ := strings.Cut(before, "//")
		return scheme + "//...@" + after
	}
	return address
}
