package github

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	goscm "github.com/jenkins-x/go-scm/scm"
	"golang.org/x/sync/singleflight"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

const (
	// claimTime is how long an App's own token is good for; GitHub refuses more than ten minutes.
	claimTime = 9 * time.Minute
	// clockSkew is how much GitHub's clock may be behind ours.
	clockSkew = time.Minute
	// renewBefore is when an installation's token, good for an hour, is made anew: no call that was begun with it may
	// outlive it.
	renewBefore = 10 * time.Minute
)

// app proves that requests come from a GitHub App. Every organisation has an installation of its own, with tokens of its own.
type app struct {
	*rest.API
	id  int64
	key *rsa.PrivateKey

	calls  singleflight.Group
	mu     sync.Mutex
	tokens map[string]installationToken
}

type installationToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires_at"`
}

func newApp(account scm.Account) (*app, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(account.AppKey)
	if err != nil {
		return nil, fmt.Errorf("read the key of GitHub App %d: %w", account.AppID, err)
	}
	base, err := rest.Base(account)
	if err != nil {
		return nil, err
	}
	server, root := apiBase(base)
	a := &app{id: account.AppID, key: key, tokens: map[string]installationToken{}}
	a.API = &rest.API{
		Forge: &goscm.Client{Client: account.HTTP, BaseURL: server, Driver: goscm.DriverGithub},
		Root:  root, Accept: "application/vnd.github+json", Authorize: a.claim, Explain: explain,
	}
	return a, nil
}

// claim says which App asks, signed with its key.
func (a *app) claim(_ context.Context, header http.Header) error {
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: strconv.FormatInt(a.id, 10), IssuedAt: jwt.NewNumericDate(now.Add(-clockSkew)), ExpiresAt: jwt.NewNumericDate(now.Add(claimTime)),
	}).SignedString(a.key)
	if err != nil {
		return fmt.Errorf("sign as GitHub App %d: %w", a.id, err)
	}
	header.Set("Authorization", "Bearer "+token)
	return nil
}

// prove adds the token of the installation that the call's path belongs to.
func (a *app) prove(ctx context.Context, header http.Header) error {
	path := rest.CallOf(ctx).Path
	if len(path) < 2 {
		return a.claim(ctx, header)
	}
	kind, owner := path[0], path[1] // repos/OWNER, orgs/OWNER or users/OWNER
	token, err := a.token(ctx, kind, owner)
	if err != nil {
		return fmt.Errorf("log in as GitHub App %d at %s: %w", a.id, owner, err)
	}
	header.Set("Authorization", "Bearer "+token)
	return nil
}

// token is the installation's, made at its first use and anew before it ends; calls at once make one.
func (a *app) token(ctx context.Context, kind, owner string) (string, error) {
	a.mu.Lock()
	t, ok := a.tokens[owner]
	a.mu.Unlock()
	if ok && time.Until(t.Expires) > renewBefore {
		return t.Token, nil
	}
	made, err, _ := a.calls.Do(owner, func() (any, error) { return a.renew(context.WithoutCancel(ctx), kind, owner) })
	if err != nil {
		return "", err
	}
	return made.(string), nil
}

func (a *app) renew(ctx context.Context, kind, owner string) (string, error) {
	// The account's kind is not known from the path of a repository, which both users and organisations have.
	lookup := []string{"users", owner, "installation"}
	if kind == "orgs" {
		lookup[0] = "orgs"
	}
	var installation struct {
		ID int64 `json:"id"`
	}
	if _, err := a.Do(ctx, rest.Get("app.installation", lookup), nil, &installation); err != nil {
		return "", fmt.Errorf("find the installation: %w", err)
	}
	var t installationToken
	create := rest.Post("app.token", []string{"app", "installations", strconv.FormatInt(installation.ID, 10), "access_tokens"})
	if _, err := a.Do(ctx, create, nil, &t); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[owner] = t
	return t.Token, nil
}
