package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Connection is one forge server with one account on it.
type Connection struct {
	// Name is the last element of the webhook URL, /hook/NAME, and the prefix of repository keys, NAME:org/repo.
	Name string `json:"name"`
	// Kind is the forge: gitea, github, gitlab, bitbucketcloud or bitbucketserver.
	Kind string `json:"kind"`
	// URL is the forge's address, without a trailing slash.
	URL string `json:"url"`
	// Bot is the account's login.
	Bot string `json:"bot"`
	// TokenFile holds the account's token; WebhookSecretFiles hold every active webhook secret, so that one can be rotated.
	TokenFile          string   `json:"token_file"`
	WebhookSecretFiles []string `json:"webhook_secret_files"`
	// Default marks the connection that repository keys without a name mean, and that /hook answers for. Without a mark it is
	// the first.
	Default bool `json:"default,omitempty"`
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
	if u, err := url.Parse(c.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		at(SeverityError, "url", fmt.Sprintf("connection url %q is not an address of a server", redact(c.URL)), "write one like https://git.example.com, without user or password")
	}
	if c.Bot == "" {
		at(SeverityError, "bot", "a connection needs bot", "name the login of the account that the token belongs to")
	}
	if c.TokenFile == "" {
		at(SeverityError, "token_file", "a connection needs token_file", "name the file that holds the account's token")
	}
	if len(c.WebhookSecretFiles) == 0 {
		at(SeverityError, "webhook_secret_files", "a connection needs webhook_secret_files", "name the files that hold the webhook secrets; unsigned webhooks are refused")
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
