package login

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// openID is an issuer of OpenID Connect: a forge itself, or a foreign one that knows the forge's people.
type openID struct {
	issuer, client string
	// claim holds the login; empty means preferred_username.
	claim string
	// foreign issuers have ids of their own.
	foreign bool
	// byID: the claim holds the forge's id of the account.
	byID bool
}

const (
	defaultClaim = "preferred_username"
	// rediscover is how long an issuer's description is believed. Keys are fetched when a token bears a new one.
	rediscover = time.Hour
	// clockLeeway is how far the clocks of issuer and dashboard may be apart.
	clockLeeway = time.Minute
)

// discovered is an issuer's description of itself.
type discovered struct {
	*oidc.Provider
	until time.Time
}

// provider reads what the issuer says of itself, and remembers it. Older Giteas name themselves with a slash at the end.
func (o *openID) provider(ctx context.Context, l *Login) (*oidc.Provider, error) {
	l.mu.Lock()
	known := l.issuer[o.issuer]
	l.mu.Unlock()
	if known != nil && l.Now().Before(known.until) {
		return known.Provider, nil
	}
	found, err := oidc.NewProvider(ctx, o.issuer)
	var other *oidc.IssuerMismatchError
	if errors.As(err, &other) && strings.TrimRight(other.Discovered, "/") == strings.TrimRight(o.issuer, "/") {
		found, err = oidc.NewProvider(ctx, other.Discovered)
	}
	switch {
	case errors.As(err, &other):
		return nil, &trouble{ReasonSettings, fmt.Errorf("%s calls itself %s: name that as issuer", o.issuer, quote(other.Discovered))}
	case err != nil:
		return nil, said(ReasonUnavailable, fmt.Errorf("discover issuer %s: %w", o.issuer, err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issuer[o.issuer] = &discovered{found, l.Now().Add(rediscover)}
	return found, nil
}

// endpoint implements way. Client authentication is the standard's default unless the issuer knows only the other.
func (o *openID) endpoint(ctx context.Context, l *Login) (oauth2.Endpoint, error) {
	p, err := o.provider(ctx, l)
	if err != nil {
		return oauth2.Endpoint{}, err
	}
	var more struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&more); err != nil {
		return oauth2.Endpoint{}, &trouble{ReasonSettings, fmt.Errorf("read description of issuer %s: %w", o.issuer, err)}
	}
	e := p.Endpoint()
	e.AuthStyle = oauth2.AuthStyleInHeader
	if len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		e.AuthStyle = oauth2.AuthStyleInParams
	}
	return e, nil
}

func (*openID) scopes() []string { return []string{oidc.ScopeOpenID, "profile"} }

// identify implements way: the token's signature, issuer, audience, time and nonce have to be right. What the token does not
// tell is asked for.
func (o *openID) identify(ctx context.Context, l *Login, proof proof) (User, error) {
	p, err := o.provider(ctx, l)
	if err != nil {
		return User{}, err
	}
	raw, ok := proof.token.Extra("id_token").(string)
	if !ok {
		return User{}, &trouble{ReasonScope, fmt.Errorf("issuer %s sent no ID token: the scope openid is needed", o.issuer)}
	}
	token, err := p.VerifierContext(ctx, &oidc.Config{ClientID: o.client, Now: func() time.Time { return l.Now().Add(-clockLeeway) }}).Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return User{}, &trouble{ReasonClock, err}
	case err != nil:
		return User{}, said(ReasonToken, err)
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(proof.nonce)) != 1:
		return User{}, &trouble{ReasonToken, errors.New("the ID token's nonce is not the one that was sent")}
	}
	told := claims{}
	if err := token.Claims(&told); err != nil {
		return User{}, &trouble{ReasonToken, fmt.Errorf("read claims: %w", err)}
	}
	if told.text(o.loginClaim()) == "" {
		if told, err = o.ask(ctx, p, token.Subject, proof.token); err != nil {
			return User{}, err
		}
	}
	return o.user(told, token.Subject)
}

// ask reads the claims that an issuer keeps out of its tokens.
func (o *openID) ask(ctx context.Context, p *oidc.Provider, subject string, token *oauth2.Token) (claims, error) {
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, said(ReasonAccount, fmt.Errorf("ask issuer %s for claim %s: %w", o.issuer, o.loginClaim(), err))
	}
	if info.Subject != subject {
		return nil, &trouble{ReasonToken, errors.New("the issuer's two answers are about different people")}
	}
	told := claims{}
	if err := info.Claims(&told); err != nil {
		return nil, &trouble{ReasonToken, fmt.Errorf("read claims: %w", err)}
	}
	return told, nil
}

func (o *openID) user(told claims, subject string) (User, error) {
	claim := o.loginClaim()
	user := User{ID: subject, Login: told.text(claim), Name: told.text("name"), Avatar: told.text("picture")}
	switch {
	case user.Login == "":
		return User{}, &trouble{ReasonAccount, fmt.Errorf("issuer %s tells no claim %s: name another one, or add the scope that it needs", o.issuer, claim)}
	case claim == "email" && told["email_verified"] != true:
		return User{}, &trouble{ReasonAccount, fmt.Errorf("issuer %s has not verified the address %s", o.issuer, quote(user.Login))}
	case o.byID:
		user.ID = user.Login
	case o.foreign:
		user.ID = ""
	}
	return user, nil
}

func (o *openID) loginClaim() string {
	if o.claim == "" {
		return defaultClaim
	}
	return o.claim
}

// claims are what an issuer says of somebody.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string) // a claim of another type is none
	return s
}
