package harness

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
)

// Redeliver presses the button in Gitea's web interface that sends a delivery again; its API has none.
func (g *Gitea) Redeliver(ctx context.Context, org, repo string, delivery Recorded) error {
	hooks, _, err := g.admin.ListRepoHooks(org, repo, gitea.ListHooksOptions{})
	if err != nil || len(hooks) != 1 {
		return fmt.Errorf("find the webhook of %s/%s: %d there, %w", org, repo, len(hooks), err)
	}
	uuid := delivery.Header.Get("X-Gitea-Delivery")
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("open a browser session: %w", err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	login := url.Values{"user_name": {g.user}, "password": {g.password}}
	if err := post(ctx, browser, g.URL+"/user/login", login); err != nil {
		return fmt.Errorf("log in to Gitea: %w", err)
	}
	page := fmt.Sprintf("%s/%s/%s/settings/hooks/%d/replay/%s", g.URL, org, repo, hooks[0].ID, uuid)
	if err := post(ctx, browser, page, nil); err != nil {
		return fmt.Errorf("redeliver %s: %w", uuid, err)
	}
	return nil
}

func post(ctx context.Context, browser *http.Client, address string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := browser.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 || strings.HasSuffix(resp.Request.URL.Path, "/user/login") {
		return fmt.Errorf("%s answers %s at %s", address, resp.Status, resp.Request.URL.Path)
	}
	return nil
}
