package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/oauth2"
)

// plain is a forge that speaks OAuth2 without OpenID Connect: who somebody is, its API tells.
type plain struct {
	oauth2.Endpoint
	least []string
	who   func(ctx context.Context, get getter) (User, error)
}

// getter reads an address with the new token.
type getter func(ctx context.Context, address string) ([]byte, error)

func (p *plain) endpoint(context.Context, *Login) (oauth2.Endpoint, error) { return p.Endpoint, nil }
func (p *plain) scopes() []string                                          { return p.least }

// identify implements way.
func (p *plain) identify(ctx context.Context, l *Login, proof proof) (User, error) {
	user, err := p.who(ctx, func(ctx context.Context, address string) ([]byte, error) { return l.get(ctx, address, proof.token) })
	if err != nil {
		return User{}, fmt.Errorf("ask who logged in: %w", err)
	}
	return user, nil
}

// gitHub needs no scope: without any, a token tells whose it is.
func gitHub(base string) way {
	api := base + "/api/v3"
	if base == "https://github.com" {
		api = "https://api.github.com"
	}
	return &plain{
		Endpoint: oauth2.Endpoint{
			AuthURL: base + "/login/oauth/authorize", TokenURL: base + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams,
		},
		who: func(ctx context.Context, get getter) (User, error) {
			var answer struct {
				ID     int64  `json:"id"`
				Login  string `json:"login"`
				Name   string `json:"name"`
				Avatar string `json:"avatar_url"`
			}
			if err := getJSON(ctx, get, api+"/user", &answer); err != nil {
				return User{}, err
			}
			return User{ID: strconv.FormatInt(answer.ID, 10), Login: answer.Login, Name: answer.Name, Avatar: answer.Avatar}, nil
		},
	}
}

// bitbucketCloud knows people by the ids of their accounts; a consumer's scopes are set where it is registered.
func bitbucketCloud(base string) way {
	api := base
	if base == "https://bitbucket.org" {
		api = "https://api.bitbucket.org"
	}
	return &plain{
		Endpoint: oauth2.Endpoint{
			AuthURL: base + "/site/oauth2/authorize", TokenURL: base + "/site/oauth2/access_token", AuthStyle: oauth2.AuthStyleInHeader,
		},
		least: []string{"account"},
		who: func(ctx context.Context, get getter) (User, error) {
			var answer struct {
				UUID      string `json:"uuid"`
				AccountID string `json:"account_id"`
				Nickname  string `json:"nickname"`
				Name      string `json:"display_name"`
				Links     struct {
					Avatar struct {
						Href string `json:"href"`
					} `json:"avatar"`
				} `json:"links"`
			}
			if err := getJSON(ctx, get, api+"/2.0/user", &answer); err != nil {
				return User{}, err
			}
			user := User{ID: answer.AccountID, Login: answer.Nickname, Name: answer.Name, Avatar: answer.Links.Avatar.Href}
			if user.ID == "" {
				user.ID = answer.UUID
			}
			if user.ID == "" {
				return User{}, &trouble{ReasonAccount, errors.New("bitbucket told no id of the account")}
			}
			user.Login = strings.Join(strings.Fields(user.Login), "-") // a nickname is for display there, and may hold spaces
			if user.Login == "" {
				user.Login = user.ID
			}
			return user, nil
		},
	}
}

// bitbucketServer has had OAuth2 since 7.20. It has no call for one's own account: a servlet tells the name, and the search of
// users the rest.
func bitbucketServer(base string) way {
	return &plain{
		Endpoint: oauth2.Endpoint{
			AuthURL: base + "/rest/oauth2/latest/authorize", TokenURL: base + "/rest/oauth2/latest/token", AuthStyle: oauth2.AuthStyleInParams,
		},
		least: []string{"PUBLIC_REPOS"},
		who: func(ctx context.Context, get getter) (User, error) {
			told, err := get(ctx, base+"/plugins/servlet/applinks/whoami")
			if err != nil {
				return User{}, err
			}
			login := strings.TrimSpace(string(told))
			if login == "" {
				return User{}, &trouble{ReasonAccount, errors.New("bitbucket does not say whose the token is")}
			}
			var answer struct {
				Values []struct {
					ID   int64  `json:"id"`
					Name string `json:"name"`
					Full string `json:"displayName"`
				} `json:"values"`
			}
			if err := getJSON(ctx, get, base+"/rest/api/1.0/users?"+url.Values{"filter": {login}, "limit": {"1000"}}.Encode(), &answer); err != nil {
				return User{}, err
			}
			for _, one := range answer.Values {
				if strings.EqualFold(one.Name, login) {
					return User{ID: strconv.FormatInt(one.ID, 10), Login: one.Name, Name: one.Full}, nil
				}
			}
			return User{}, &trouble{ReasonAccount, fmt.Errorf("bitbucket has no user %s", quote(login))}
		},
	}
}

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 1 << 20

// get reads an address with a token.
func (l *Login) get(ctx context.Context, address string, token *oauth2.Token) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	token.SetAuthHeader(req)
	req.Header.Set("Accept", "application/json, text/plain;q=0.5")
	res, err := l.HTTP.Do(req)
	if err != nil {
		return nil, &trouble{ReasonUnavailable, err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, &trouble{ReasonUnavailable, fmt.Errorf("read %s: %w", req.URL.Path, err)}
	case res.StatusCode >= http.StatusInternalServerError:
		return nil, &trouble{ReasonUnavailable, fmt.Errorf("%s answers status %d", req.URL.Path, res.StatusCode)}
	case res.StatusCode != http.StatusOK:
		return nil, &trouble{ReasonScope, fmt.Errorf("%s answers status %d", req.URL.Path, res.StatusCode)}
	}
	return body, nil
}

func getJSON(ctx context.Context, get getter, address string, into any) error {
	body, err := get(ctx, address)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &trouble{ReasonAccount, fmt.Errorf("decode %s: %w", address, err)}
	}
	return nil
}
