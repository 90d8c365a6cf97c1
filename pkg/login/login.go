package login

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Options are what logging in works with.
type Options struct {
	// Base is the dashboard's external address, such as https://ci.example.com; it has no path. Forges send people back to
	// BASE/login/CONNECTION/callback, which their OAuth2 application has to list. On https all cookies are Secure.
	Base string
	// Connections lists where one may log in; it is asked at every request, so it may change.
	Connections func() []Connection
	// Keys are the secrets that cookies are encrypted with, at least 32 bytes each: the first makes new cookies, all read
	// them. They are asked for at every request, see [ReadKeys].
	Keys func() ([][]byte, error)
	// HTTP reaches forges and issuers; nil means a client that gives up after ten seconds.
	HTTP *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Connection is one place to log in at.
type Connection struct {
	// Name, Kind and URL are those of the forge's connection.
	Name, Kind, URL string
	// ClientID of the OAuth2 application, and its secret. A nil Secret makes a public client, which PKCE alone protects.
	ClientID string
	Secret   func() (string, error)
	// Scopes to ask for; none means the least that tells who somebody is.
	Scopes []string
	// Issuer, when set, is an OpenID Connect issuer that people log in at in place of the forge.
	Issuer string
	// UsernameClaim holds the login on the forge; empty means preferred_username. On Bitbucket Cloud, where anybody may take
	// any nickname, the claim of an Issuer holds the account's id. It has to be one that people cannot change themselves.
	UsernameClaim string
}

// origin tells a connection that was pointed elsewhere from what it was.
func (c *Connection) origin() string {
	if c.Issuer != "" {
		return c.Issuer
	}
	return c.URL
}

// User is who is logged in.
type User struct {
	Connection string `json:"connection"`
	// ID is the forge's own, as its driver writes it; empty if an issuer of its own vouched for the login.
	ID     string `json:"id,omitempty"`
	Login  string `json:"login"`
	Name   string `json:"name,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

// Account is the user as forge clients know it.
func (u *User) Account() scm.User { return scm.User{Login: u.Login, ID: u.ID} }

// String is "connection:login".
func (u *User) String() string { return u.Connection + ":" + u.Login }

// Choice is a place to log in at, for people.
type Choice struct {
	Connection string `json:"connection"`
	Kind       string `json:"kind"`
	// URL is a path on the dashboard, to which ?return=/path may be added.
	URL string `json:"url"`
}

// Login is the door. It is safe for concurrent use.
type Login struct {
	Options
	secure bool

	mu     sync.Mutex
	issuer map[string]*discovered
}

const (
	// sessionLife is absolute: it is not renewed by use.
	sessionLife = 12 * time.Hour
	// attemptLife is how long somebody may take at the forge.
	attemptLife = 10 * time.Minute
	// callLimit bounds one call of a forge, and exchangeLimit all of them that a login takes.
	callLimit     = 10 * time.Second
	exchangeLimit = 20 * time.Second
)

// New checks the options; it calls nobody.
func New(o Options) (*Login, error) {
	base, err := url.Parse(o.Base)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || base.User != nil ||
		(base.Path != "" && base.Path != "/") || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("external address %q of the dashboard is not usable: write one like https://ci.example.com, without a path", o.Base)
	}
	o.Base = base.Scheme + "://" + base.Host
	for _, c := range o.Connections() {
		if _, err := wayOf(&c); err != nil {
			return nil, err
		}
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: callLimit}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Login{Options: o, secure: base.Scheme == "https", issuer: map[string]*discovered{}}, nil
}

// Routes adds GET /login/{connection}, GET /login/{connection}/callback and POST /logout.
func (l *Login) Routes(mux *http.ServeMux) {
	own := http.NewCrossOriginProtection() // SameSite keeps the cookie away, not the answer that removes it
	mux.HandleFunc("GET /login/{connection}", l.begin)
	mux.HandleFunc("GET /login/{connection}/callback", l.callback)
	mux.Handle("POST /logout", own.Handler(http.HandlerFunc(l.logout)))
}

// Choices lists where one may log in.
func (l *Login) Choices() []Choice {
	all := []Choice{}
	for _, c := range l.Connections() {
		all = append(all, Choice{Connection: c.Name, Kind: c.Kind, URL: "/login/" + url.PathEscape(c.Name)})
	}
	return all
}

// Offers says whether one may log in at a connection.
func (l *Login) Offers(connection string) bool {
	_, ok := l.find(connection)
	return ok
}

func (l *Login) find(name string) (*Connection, bool) {
	all := l.Connections()
	i := slices.IndexFunc(all, func(c Connection) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return &all[i], true
}
