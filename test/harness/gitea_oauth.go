package harness

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
)

// OAuthApp registers an OAuth2 application of the administrator and gives its client id and secret; a public one needs none.
func (g *Gitea) OAuthApp(name string, public bool, redirects ...string) (id, secret string, err error) {
	app, _, err := g.admin.CreateOauth2(gitea.CreateOauth2Option{Name: name, ConfidentialClient: !public, RedirectURIs: redirects})
	if err != nil {
		return "", "", fmt.Errorf("create OAuth2 application %s: %w", name, err)
	}
	return app.ClientID, app.ClientSecret, nil
}

// Hide makes a repository private.
func (g *Gitea) Hide(org, repo string) error {
	private := true
	if _, _, err := g.admin.EditRepo(org, repo, gitea.EditRepoOption{Private: &private}); err != nil {
		return fmt.Errorf("make %s/%s private: %w", org, repo, err)
	}
	return nil
}

// Close hides an organisation from those who are not logged in.
func (g *Gitea) Close(org string) error {
	if _, err := g.admin.EditOrg(org, gitea.EditOrgOption{Visibility: gitea.VisibleTypeLimited}); err != nil {
		return fmt.Errorf("close %s: %w", org, err)
	}
	return nil
}

// Invite makes a user a collaborator with a permission: read, write or admin.
func (g *Gitea) Invite(org, repo, user string, as gitea.AccessMode) error {
	if _, err := g.admin.AddCollaborator(org, repo, user, gitea.AddCollaboratorOption{Permission: &as}); err != nil {
		return fmt.Errorf("invite %s to %s/%s: %w", user, org, repo, err)
	}
	return nil
}

// Browser is a person with cookies, who fills in Gitea's forms.
type Browser struct {
	*http.Client
	gitea *url.URL
	user  string
	// Declines to let the application know who he is. Consents counts how often he was asked.
	Declines bool
	Consents int
}

// Browser of a user who is not signed in.
func (g *Gitea) Browser(user string) (*Browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(g.URL)
	if err != nil {
		return nil, err
	}
	return &Browser{Client: &http.Client{Jar: jar, Timeout: time.Minute}, gitea: at, user: user}, nil
}

// Open follows an address, signs in and consents where Gitea asks for it, and gives the page that it ends at.
func (b *Browser) Open(address string) (*url.URL, error) {
	res, err := b.Get(address)
	const manyForms = 5
	for range manyForms {
		if err != nil {
			return nil, fmt.Errorf("open %s as %s: %w", address, b.user, err)
		}
		page, readErr := io.ReadAll(res.Body)
		res.Body.Close()
		if readErr != nil {
			return nil, readErr
		}
		at := res.Request.URL
		if at.Host != b.gitea.Host {
			return at, nil
		}
		action, fields := form(string(page), at)
		switch {
		case strings.HasSuffix(action, "/user/login"):
			fields.Set("user_name", b.user)
			fields.Set("password", Password)
		case strings.HasSuffix(action, "/login/oauth/grant"):
			b.Consents++
			fields.Set("granted", fmt.Sprint(!b.Declines))
		default:
			return at, nil
		}
		res, err = b.PostForm(action, fields)
	}
	return nil, errors.New("Gitea asks for one form after another")
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="(/user/login|/login/oauth/grant)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"`)
)

// form is the address of the page's form of those that Open knows, and its hidden fields.
func form(page string, at *url.URL) (string, url.Values) {
	found := formTag.FindStringSubmatch(page)
	if found == nil {
		return "", nil
	}
	fields := url.Values{}
	for _, input := range inputTag.FindAllStringSubmatch(found[2], -1) {
		fields.Set(input[1], html.UnescapeString(input[2]))
	}
	return at.Scheme + "://" + at.Host + found[1], fields
}
