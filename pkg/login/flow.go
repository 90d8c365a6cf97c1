package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// begin sends the browser to the forge.
func (l *Login) begin(w http.ResponseWriter, r *http.Request) {
	back := local(r.URL.Query().Get("return"))
	to, a, err := l.prepare(r.Context(), r.PathValue("connection"))
	if err != nil {
		l.fail(w, r, back, err)
		return
	}
	a.Return = back
	if err := l.write(w, attemptCookie, attemptLife, a); err != nil {
		l.fail(w, r, back, &trouble{ReasonSettings, err})
		return
	}
	redirect(w, r, to)
}

func (l *Login) prepare(ctx context.Context, name string) (string, *attempt, error) {
	ctx, cancel := l.calls(ctx)
	defer cancel()
	c, by, err := l.way(name)
	if err != nil {
		return "", nil, err
	}
	config, err := l.config(ctx, c, by)
	if err != nil {
		return "", nil, err
	}
	a := &attempt{
		Connection: name, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: l.Now().Add(attemptLife).Unix(),
	}
	return config.AuthCodeURL(a.State, oauth2.S256ChallengeOption(a.Verifier), oidc.Nonce(a.Nonce)), a, nil
}

// callback takes the forge's answer. The attempt is over then, whatever the answer.
func (l *Login) callback(w http.ResponseWriter, r *http.Request) {
	var a attempt
	readErr := l.read(r, attemptCookie, attemptLife, &a)
	l.remove(w, attemptCookie)
	back := local(a.Return)
	if readErr != nil || l.Now().Unix() >= a.Until {
		l.fail(w, r, back, &trouble{ReasonExpired, errors.New("no login is under way in this browser")})
		return
	}
	s, err := l.finish(r, &a)
	if err != nil {
		l.fail(w, r, back, err)
		return
	}
	if err := l.write(w, sessionCookie, sessionLife, s); err != nil {
		l.fail(w, r, back, &trouble{ReasonSettings, err})
		return
	}
	results.WithLabelValues(a.Connection, resultSuccess).Inc()
	redirect(w, r, back)
}

func (l *Login) finish(r *http.Request, a *attempt) (*session, error) {
	query := r.URL.Query()
	if a.Connection != r.PathValue("connection") || subtle.ConstantTimeCompare([]byte(a.State), []byte(query.Get("state"))) != 1 {
		return nil, &trouble{ReasonState, errors.New("state does not match")}
	}
	if code := query.Get("error"); code != "" {
		return nil, refusal(code, query.Get("error_description"))
	}
	ctx, cancel := l.calls(r.Context())
	defer cancel()
	c, by, err := l.way(a.Connection)
	if err != nil {
		return nil, err
	}
	config, err := l.config(ctx, c, by)
	if err != nil {
		return nil, err
	}
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return nil, exchangeTrouble(err)
	}
	user, err := by.identify(ctx, l, proof{token, a.Nonce})
	if err != nil {
		return nil, err
	}
	if err := user.tidy(); err != nil {
		return nil, &trouble{ReasonAccount, err}
	}
	user.Connection = c.Name
	return &session{User: user, Origin: c.origin(), Until: l.Now().Add(sessionLife).Unix()}, nil
}

// calls bounds what a login asks of others, and has the libraries use our client.
func (l *Login) calls(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(oidc.ClientContext(ctx, l.HTTP), exchangeLimit)
}

func (l *Login) way(name string) (*Connection, way, error) {
	c, ok := l.find(name)
	if !ok {
		return nil, nil, &trouble{ReasonUnknown, fmt.Errorf("connection %s has no login", quote(name))}
	}
	by, err := wayOf(c)
	if err != nil {
		return nil, nil, &trouble{ReasonSettings, err}
	}
	return c, by, nil
}

func (l *Login) config(ctx context.Context, c *Connection, by way) (*oauth2.Config, error) {
	endpoint, err := by.endpoint(ctx, l)
	if err != nil {
		return nil, err
	}
	config := &oauth2.Config{
		ClientID: c.ClientID, Endpoint: endpoint, Scopes: c.Scopes,
		RedirectURL: l.Base + "/login/" + url.PathEscape(c.Name) + "/callback",
	}
	if len(config.Scopes) == 0 {
		config.Scopes = by.scopes()
	}
	if c.Secret == nil {
		config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		return config, nil
	}
	if config.ClientSecret, err = c.Secret(); err != nil {
		return nil, &trouble{ReasonSettings, fmt.Errorf("read client secret of connection %s: %w", c.Name, err)}
	}
	return config, nil
}

// maxReturn is the longest path that a login leads back to, in bytes of a cookie.
const maxReturn = 1500

// local is a path on this dashboard to return to, "/" for anything else: another host, written in any way that browsers
// understand, or the login itself.
func local(path string) string {
	odd := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }
	if size(path) > maxReturn || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, odd) {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "/login" || strings.HasPrefix(u.Path, "/login/") {
		return "/"
	}
	return path
}

// maxQuoted is how much of a foreign text goes into a log, in bytes.
const maxQuoted = 200

func quote(text string) string {
	if len(text) > maxQuoted {
		text = text[:maxQuoted] + "..."
	}
	return strconv.Quote(text)
}
