package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/oauth2"
)

// way is how one kind of forge tells who somebody is.
type way interface {
	// endpoint is where people are sent, and where codes become tokens.
	endpoint(ctx context.Context, l *Login) (oauth2.Endpoint, error)
	// scopes are the least that identify needs.
	scopes() []string
	// identify says whose a token is.
	identify(ctx context.Context, l *Login, p proof) (User, error)
}

// proof is what a login brought back. The nonce is the one that was sent.
type proof struct {
	token *oauth2.Token
	nonce string
}

func wayOf(c *Connection) (way, error) {
	base := strings.TrimRight(c.URL, "/")
	if c.ClientID == "" {
		return nil, fmt.Errorf("login at connection %q has no client id: register an OAuth2 application there and name its id", c.Name)
	}
	if c.Issuer != "" {
		return &openID{issuer: c.Issuer, client: c.ClientID, claim: c.UsernameClaim, foreign: true, byID: c.Kind == "bitbucketcloud"}, nil
	}
	switch c.Kind {
	case "gitea", "gitlab":
		return &openID{issuer: base, client: c.ClientID, claim: c.UsernameClaim}, nil
	case "github":
		return gitHub(base), nil
	case "bitbucketcloud":
		return bitbucketCloud(base), nil
	case "bitbucketserver":
		return bitbucketServer(base), nil
	}
	return nil, fmt.Errorf("login at connection %q: kind %q has no login of its own: name an issuer", c.Name, c.Kind)
}

const (
	// maxLogin is the longest login or id, in bytes.
	maxLogin = 255
	// maxUser is the longest a user may be as JSON: a cookie holds 4096 bytes, of which sealing takes almost half.
	maxUser = 1800
)

// tidy checks the login, and drops what else does not fit.
func (u *User) tidy() error {
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	if u.Login == "" {
		return errors.New("the forge told no login")
	}
	if len(u.Login) > maxLogin || len(u.ID) > maxLogin || strings.ContainsFunc(u.Login, odd) {
		return fmt.Errorf("login %s is none that a forge gives", quote(u.Login))
	}
	if at, err := url.Parse(u.Avatar); err != nil || (at.Scheme != "https" && at.Scheme != "http") || size(u) > maxUser {
		u.Avatar = ""
	}
	if size(u) > maxUser {
		u.Name = ""
	}
	return nil
}

// size of a value in a cookie, before it is sealed.
func size(value any) int {
	text, err := json.Marshal(value)
	if err != nil {
		return math.MaxInt
	}
	return len(text)
}
