package bitbucketcloud

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// authorize chooses how requests of an account prove themselves.
func authorize(account scm.Account, site *url.URL) (func(context.Context, http.Header) error, error) {
	c := account.Credentials
	token, consumer := c.Token != "", c.ClientID != "" || c.ClientSecret != ""
	switch {
	case c.AppID != 0 || len(c.AppKey) > 0:
		return nil, refused(account, "an app's key is of no use here")
	case token && consumer:
		return nil, refused(account, "it has both a token and an OAuth consumer")
	case token && c.User != "":
		return fixed(basic(c.User, c.Token)), nil
	case token:
		return fixed("Bearer " + c.Token), nil
	case c.User != "":
		return nil, refused(account, "a user needs a token")
	case c.ClientID == "" || c.ClientSecret == "":
		return nil, refused(account, "it needs a token, or the id and the secret of an OAuth consumer")
	}
	g := &grant{
		http: account.HTTP, endpoint: site.JoinPath("site", "oauth2", "access_token").String(),
		proof: basic(c.ClientID, c.ClientSecret), turn: make(chan struct{}, 1),
	}
	return func(ctx context.Context, header http.Header) error {
		bearer, err := g.token(ctx)
		if err != nil {
			return fmt.Errorf("get access token: %w", err)
		}
		header.Set("Authorization", "Bearer "+bearer)
		return nil
	}, nil
}

func refused(account scm.Account, why string) error {
	return fmt.Errorf("open client of connection %s: %s: %w", account.Connection, why, scm.ErrInvalid)
}

func fixed(value string) func(context.Context, http.Header) error {
	return func(_ context.Context, header http.Header) error {
		header.Set("Authorization", value)
		return nil
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// margin is how long before its end an access token is renewed, so that none ends on its way; a token that lives shorter
// than twice as long is renewed at half its life. Bitbucket's live for two hours.
const margin = 5 * time.Minute

// grant gets access tokens of an OAuth consumer. One request at a time is made for one, however many wait for it.
type grant struct {
	http            *http.Client
	endpoint, proof string
	turn            chan struct{} // holds one value while somebody reads or renews what is below
	bearer          string
	until           time.Time
}

func (g *grant) token(ctx context.Context) (string, error) {
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	now := time.Now()
	if now.Before(g.until) {
		return g.bearer, nil
	}
	bearer, life, err := g.renew(ctx)
	if err != nil {
		return "", err
	}
	g.bearer, g.until = bearer, now.Add(life-min(margin, life/2))
	return bearer, nil
}

func (g *grant) renew(ctx context.Context) (bearer string, life time.Duration, err error) {
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	req, err := http.NewRequestWithContext(transport.WithEndpoint(ctx, "oauth.token"), http.MethodPost, g.endpoint, strings.NewReader(form))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Authorization", g.proof)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	res, err := g.http.Do(req)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %w", scm.ErrTransient, err)
	}
	defer func() { _ = res.Body.Close() }() // everything wanted of it has been read
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return "", 0, fmt.Errorf("%w (status %d)", scm.ErrTransient, res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return "", 0, fmt.Errorf("%w (status %d)", scm.ErrForbidden, res.StatusCode)
	}
	const maxAnswer = 64 << 10
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return "", 0, errors.New("the answer is no JSON") // the decoder's error might show a piece of a token
	}
	if answer.AccessToken == "" {
		return "", 0, errors.New("the answer has no token")
	}
	return answer.AccessToken, time.Duration(max(answer.ExpiresIn, 0)) * time.Second, nil
}
