package login_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/login"
)

func TestWhoeverLogsInComesOut(t *testing.T) {
	alice := &login.User{Connection: "main", ID: "7", Login: "alice", Name: "Alice A.", Avatar: "https://forge.example.com/alice.png"}
	for name, tc := range map[string]struct {
		set  func(*provider, *login.Connection)
		want *login.User
	}{
		"at a Gitea": {func(*provider, *login.Connection) {}, alice},
		"at an older Gitea, which names itself with a slash": {func(p *provider, _ *login.Connection) { p.issuer += "/" }, alice},
		"at a GitLab, which tells the name when asked": {func(p *provider, c *login.Connection) {
			c.Kind = "gitlab"
			p.claims = func(c jwt.MapClaims) { delete(c, "preferred_username") }
			p.userinfo = map[string]any{"sub": "7", "preferred_username": "alice", "name": "Alice A.", "picture": "https://forge.example.com/alice.png"}
		}, alice},
		"at an issuer of its own, whose ids are not the forge's": {func(p *provider, c *login.Connection) {
			c.Kind, c.Issuer, c.URL = "github", p.URL, "https://github.example.com"
		}, &login.User{Connection: "main", Login: "alice", Name: "Alice A.", Avatar: "https://forge.example.com/alice.png"}},
		"by another claim": {func(p *provider, c *login.Connection) {
			c.Issuer, c.UsernameClaim = p.URL, "forge_login"
			p.claims = func(c jwt.MapClaims) { c["forge_login"] = "alice-at-work" }
		}, &login.User{Connection: "main", Login: "alice-at-work", Name: "Alice A.", Avatar: "https://forge.example.com/alice.png"}},
		"by the account's id, where nicknames are anybody's": {func(p *provider, c *login.Connection) {
			c.Kind, c.Issuer, c.UsernameClaim = "bitbucketcloud", p.URL, "atlassian_id"
			p.claims = func(c jwt.MapClaims) { c["atlassian_id"] = "557058:a" }
		}, &login.User{Connection: "main", ID: "557058:a", Login: "557058:a", Name: "Alice A.", Avatar: "https://forge.example.com/alice.png"}},
		"a minute after the token expired, by another clock": {func(p *provider, _ *login.Connection) {
			p.claims = func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-30 * time.Second).Unix() }
		}, alice},
		"without what does not fit into a cookie": {func(p *provider, _ *login.Connection) {
			p.claims = func(c jwt.MapClaims) {
				c["name"], c["picture"] = strings.Repeat("ä", 3000), "https://forge.example.com/?"+strings.Repeat("&", 3000)
			}
		}, &login.User{Connection: "main", ID: "7", Login: "alice"}},
		"without a picture that does not fit into a cookie": {func(p *provider, _ *login.Connection) {
			p.claims = func(c jwt.MapClaims) { c["picture"] = "https://forge.example.com/?" + strings.Repeat("&", 3000) }
		}, &login.User{Connection: "main", ID: "7", Login: "alice", Name: "Alice A."}},
		"without a picture that is a script": {func(p *provider, _ *login.Connection) {
			p.claims = func(c jwt.MapClaims) { c["picture"] = "javascript:alert(1)" }
		}, &login.User{Connection: "main", ID: "7", Login: "alice", Name: "Alice A."}},
		"with as much as fits into a cookie": {func(p *provider, _ *login.Connection) {
			p.claims = func(c jwt.MapClaims) { c["name"] = strings.Repeat("&", 260) }
		}, &login.User{Connection: "main", ID: "7", Login: "alice", Name: strings.Repeat("&", 260), Avatar: "https://forge.example.com/alice.png"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			c := giteaAt(p)
			tc.set(p, &c)
			s := newSite(t, httptest.NewServer, c)
			if got := s.get("/login/main?return=/runs/x%3Fstep=1").RequestURI(); got != "/runs/x?step=1" {
				t.Errorf("the login leads to %s", got)
			}
			if diff := cmp.Diff(tc.want, s.who()); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALoginAtAForgeWithoutOpenIDConnect(t *testing.T) {
	bearer := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer access" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			fmt.Fprint(w, body)
		}
	}
	for name, tc := range map[string]struct {
		kind, authorize, token string
		api                    map[string]string
		want                   *login.User
	}{
		"GitHub Enterprise Server": {
			"github", "/login/oauth/authorize", "/login/oauth/access_token",
			map[string]string{"/api/v3/user": `{"id":9,"login":"alice","name":null,"avatar_url":"https://forge.example.com/9"}`},
			&login.User{Connection: "main", ID: "9", Login: "alice", Avatar: "https://forge.example.com/9"},
		},
		"Bitbucket Cloud": {
			"bitbucketcloud", "/site/oauth2/authorize", "/site/oauth2/access_token",
			map[string]string{"/2.0/user": `{"uuid":"{u}","account_id":"557058:a","nickname":"Alice A","display_name":"Alice"}`},
			&login.User{Connection: "main", ID: "557058:a", Login: "Alice-A", Name: "Alice"},
		},
		"Bitbucket Data Center": {
			"bitbucketserver", "/rest/oauth2/latest/authorize", "/rest/oauth2/latest/token",
			map[string]string{
				"/plugins/servlet/applinks/whoami": "alice\n",
				"/rest/api/1.0/users":              `{"values":[{"id":1,"name":"malice"},{"id":2,"name":"Alice","displayName":"Alice A."}]}`,
			},
			&login.User{Connection: "main", ID: "2", Login: "Alice", Name: "Alice A."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.noIDToken = true
			p.more[tc.authorize], p.more[tc.token] = p.authorize, p.token
			for path, body := range tc.api {
				p.more[path] = bearer(body)
			}
			s := newSite(t, httptest.NewServer, login.Connection{Name: "main", Kind: tc.kind, URL: p.URL, ClientID: clientID, Secret: secret})
			s.get("/login/main")
			if diff := cmp.Diff(tc.want, s.who()); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALoginThatGoesWrongSaysWhy(t *testing.T) {
	for name, tc := range map[string]struct {
		set  func(*provider, *site)
		want login.Reason
	}{
		"a nonce of another login": {func(p *provider, _ *site) { p.claims = func(c jwt.MapClaims) { c["nonce"] = "other" } }, login.ReasonToken},
		"no nonce":                 {func(p *provider, _ *site) { p.claims = func(c jwt.MapClaims) { delete(c, "nonce") } }, login.ReasonToken},
		"a token for another client": {func(p *provider, _ *site) {
			p.claims = func(c jwt.MapClaims) { c["aud"] = "another" }
		}, login.ReasonToken},
		"a token of another issuer": {func(p *provider, _ *site) {
			p.claims = func(c jwt.MapClaims) { c["iss"] = "https://evil.example.com" }
		}, login.ReasonToken},
		"a token signed with another key": {func(p *provider, _ *site) {
			p.sign = func(c jwt.MapClaims) string { return signed(p.t, foreign(), c) }
		}, login.ReasonToken},
		"a token that is not signed": {func(p *provider, _ *site) {
			p.algorithms = []string{"RS256", "none"}
			p.sign = func(c jwt.MapClaims) string {
				text, err := jwt.NewWithClaims(jwt.SigningMethodNone, c).SignedString(jwt.UnsafeAllowNoneSignatureType)
				if err != nil {
					p.t.Error(err)
				}
				return text
			}
		}, login.ReasonToken},
		"a token signed with the public key as a secret": {func(p *provider, _ *site) {
			p.algorithms = []string{"RS256", "HS256"}
			p.sign = func(c jwt.MapClaims) string {
				text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(publicKey(p.t))
				if err != nil {
					p.t.Error(err)
				}
				return text
			}
		}, login.ReasonToken},
		"a token that expired": {func(p *provider, _ *site) {
			p.claims = func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-2 * time.Minute).Unix() }
		}, login.ReasonClock},
		"no ID token": {func(p *provider, _ *site) { p.noIDToken = true }, login.ReasonScope},
		"no login": {func(p *provider, _ *site) {
			p.claims = func(c jwt.MapClaims) { delete(c, "preferred_username") }
			p.userinfo = map[string]any{"sub": "7"}
		}, login.ReasonAccount},
		"a login with a line end": {func(p *provider, _ *site) {
			p.claims = func(c jwt.MapClaims) { c["preferred_username"] = "alice\nadmin" }
		}, login.ReasonAccount},
		"an address that is not verified": {func(p *provider, s *site) {
			s.connections[0].UsernameClaim = "email"
			p.claims = func(c jwt.MapClaims) { c["email"], c["email_verified"] = "alice@example.com", false }
		}, login.ReasonAccount},
		"answers about two people": {func(p *provider, _ *site) {
			p.claims = func(c jwt.MapClaims) { delete(c, "preferred_username") }
			p.userinfo = map[string]any{"sub": "8", "preferred_username": "admin"}
		}, login.ReasonToken},
		"a person who declines":    {func(p *provider, _ *site) { p.deny = "access_denied" }, login.ReasonDenied},
		"a wrong redirect URI":     {func(p *provider, _ *site) { p.deny = "redirect_uri_mismatch" }, login.ReasonRedirect},
		"a scope too many":         {func(p *provider, _ *site) { p.deny = "invalid_scope" }, login.ReasonScope},
		"an answer of no standard": {func(p *provider, _ *site) { p.deny = "sorry" }, login.ReasonRefused},
		"a wrong client secret": {func(_ *provider, s *site) {
			s.connections[0].Secret = func() (string, error) { return "wrong", nil }
		}, login.ReasonClient},
		"a client secret that cannot be read": {func(_ *provider, s *site) {
			s.connections[0].Secret = func() (string, error) { return "", errors.New("no such file") }
		}, login.ReasonSettings},
		"no keys":                           {func(_ *provider, s *site) { s.keys = nil }, login.ReasonSettings},
		"keys that are too short":           {func(_ *provider, s *site) { s.keys = [][]byte{[]byte("short")} }, login.ReasonSettings},
		"a code that the forge disowns":     {func(p *provider, _ *site) { p.refuse = "invalid_grant" }, login.ReasonCode},
		"a forge that fails at the code":    {func(p *provider, _ *site) { p.down = true }, login.ReasonUnavailable},
		"a forge that is down":              {func(p *provider, _ *site) { p.Close() }, login.ReasonUnavailable},
		"a forge that calls itself another": {func(p *provider, _ *site) { p.issuer = "https://evil.example.com" }, login.ReasonSettings},
		"a connection that nobody knows":    {func(_ *provider, s *site) { s.connections = nil }, login.ReasonUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			s := newSite(t, httptest.NewServer, giteaAt(p))
			tc.set(p, s)
			at := s.get("/login/main?return=/runs/x")
			if at.Path != "/login" || at.Query().Get("error") != string(tc.want) || at.Query().Get("return") != "/runs/x" {
				t.Errorf("the login leads to %v, want error %s", at, tc.want)
			}
			if login.Reasons[tc.want] == "" {
				t.Errorf("reason %s has no text", tc.want)
			}
			s.keys = [][]byte{key("a")}
			if user := s.who(); user != nil {
				t.Errorf("somebody is logged in: %v", user)
			}
		})
	}
}

func reason(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("error")
}

func TestAnAnswerCountsOnceInTheBrowserThatAsked(t *testing.T) {
	p := newProvider(t)
	other := giteaAt(p)
	other.Name = "other"
	s := newSite(t, httptest.NewServer, giteaAt(p), other)
	// ask goes as far as the forge's answer, which the browser has not followed yet.
	ask := func() string {
		forge := s.step(s.URL + "/login/main").Header.Get("Location")
		return s.step(forge).Header.Get("Location")
	}
	t.Run("it is refused in another browser", func(t *testing.T) {
		back := ask()
		s.restart()
		if got := reason(t, s.step(back).Header.Get("Location")); got != "expired" {
			t.Errorf("error is %q", got)
		}
	})
	t.Run("it is refused with a state that was made up", func(t *testing.T) {
		back, err := url.Parse(ask())
		if err != nil {
			t.Fatal(err)
		}
		q := back.Query()
		q.Set("state", "made-up")
		back.RawQuery = q.Encode()
		if got := reason(t, s.step(back.String()).Header.Get("Location")); got != "state" {
			t.Errorf("error is %q", got)
		}
	})
	t.Run("it is refused without a state", func(t *testing.T) {
		ask()
		if got := reason(t, s.step(s.URL+"/login/main/callback?code=x").Header.Get("Location")); got != "state" {
			t.Errorf("error is %q", got)
		}
	})
	t.Run("it is refused for another connection", func(t *testing.T) {
		back := strings.Replace(ask(), "/login/main/", "/login/other/", 1)
		if got := reason(t, s.step(back).Header.Get("Location")); got != "state" {
			t.Errorf("error is %q", got)
		}
	})
	t.Run("it is refused after ten minutes", func(t *testing.T) {
		back := ask()
		s.now = s.now.Add(10 * time.Minute)
		if got := reason(t, s.step(back).Header.Get("Location")); got != "expired" {
			t.Errorf("error is %q", got)
		}
	})
	t.Run("it is refused the second time", func(t *testing.T) {
		back := ask()
		first := s.step(back)
		if got := first.Header.Get("Location"); got != "/" {
			t.Fatalf("the first leads to %s", got)
		}
		if got := reason(t, s.step(back).Header.Get("Location")); got != "expired" {
			t.Errorf("error is %q", got)
		}
	})
	t.Run("the forge refuses it the second time from somebody who kept the cookie", func(t *testing.T) {
		s.restart()
		back := ask()
		u, _ := url.Parse(s.URL)
		kept := s.browser.Jar.Cookies(u)
		s.step(back)
		s.restart()
		s.browser.Jar.SetCookies(u, kept)
		if got := reason(t, s.step(back).Header.Get("Location")); got != "code" {
			t.Errorf("error is %q", got)
		}
		if user := s.who(); user != nil {
			t.Errorf("somebody is logged in: %v", user)
		}
	})
}

func TestALoginLeadsBackToThisDashboardOnly(t *testing.T) {
	p := newProvider(t)
	for _, evil := range []string{
		"https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "\\/evil.example.com", "/\t/evil.example.com", "/ /evil.example.com",
		"javascript:alert(1)", "evil", "", "/login", "/login/main", "/%zz", "/\r\nSet-Cookie: a=b", "/" + strings.Repeat("x", 2000), "/?" + strings.Repeat("&", 300),
	} {
		s := newSite(t, httptest.NewServer, giteaAt(p))
		at := s.get("/login/main?" + url.Values{"return": {evil}}.Encode())
		if at.RequestURI() != "/" || at.Host != strings.TrimPrefix(s.URL, "http://") {
			t.Errorf("return=%q leads to %v", evil, at)
		}
	}
	s := newSite(t, httptest.NewServer, giteaAt(p))
	if at := s.get("/login/main?" + url.Values{"return": {"/a/..//evil.example.com"}}.Encode()); at.Host != strings.TrimPrefix(s.URL, "http://") {
		t.Errorf("a path with dots leads to %v", at)
	}
}

func TestCookies(t *testing.T) {
	p := newProvider(t)
	for name, tc := range map[string]struct {
		start  func(http.Handler) *httptest.Server
		prefix string
		secure bool
	}{
		"on https they are Secure and of this host": {httptest.NewTLSServer, "__Host-", true},
		"on http they work":                         {httptest.NewServer, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, tc.start, giteaAt(p))
			begun := s.step(s.URL + "/login/main")
			answered := s.step(s.step(begun.Header.Get("Location")).Header.Get("Location"))
			var got []string
			for _, c := range append(begun.Cookies(), answered.Cookies()...) {
				got = append(got, fmt.Sprint(c.Name, " ", c.MaxAge))
				if c.Secure != tc.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
					t.Errorf("cookie %v", c)
				}
				if strings.Contains(c.Value, "alice") || len(c.Value) > 4000 {
					t.Errorf("cookie %v", c)
				}
			}
			want := []string{tc.prefix + "pharos-login 600", tc.prefix + "pharos-login -1", tc.prefix + "pharos-session 43200"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
			if answered.Header.Get("Cache-Control") != "no-store" || answered.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v", answered.Header)
			}
			if s.who() == nil {
				t.Error("nobody is logged in")
			}
		})
	}
}

func TestASessionEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		what func(*site)
		ends bool
	}{
		"not while it is used":          {func(s *site) { s.now = s.now.Add(12*time.Hour - time.Second) }, false},
		"after twelve hours":            {func(s *site) { s.now = s.now.Add(12 * time.Hour) }, true},
		"not with a newer key on top":   {func(s *site) { s.keys = [][]byte{key("b"), key("a")} }, false},
		"when its key is removed":       {func(s *site) { s.keys = [][]byte{key("b")} }, true},
		"when no key can be read":       {func(s *site) { s.keys = nil }, true},
		"with its connection":           {func(s *site) { s.connections = nil }, true},
		"when its connection moves":     {func(s *site) { s.connections[0].URL = "https://other.example.com" }, true},
		"when an issuer takes over":     {func(s *site) { s.connections[0].Issuer = "https://issuer.example.com" }, true},
		"not when the scopes change":    {func(s *site) { s.connections[0].Scopes = []string{"openid"} }, false},
		"by logging out":                {func(s *site) { s.logout("") }, true},
		"not by another site's wish":    {func(s *site) { s.logout("https://evil.example.com") }, false},
		"not by another host's request": {func(s *site) { s.logout("http://127.0.0.2") }, false},
		"when its cookie is altered": {func(s *site) {
			u, _ := url.Parse(s.URL)
			for _, c := range s.browser.Jar.Cookies(u) {
				c.Value = c.Value[:len(c.Value)/2] + "A" + c.Value[len(c.Value)/2+1:]
				c.Path = "/"
				s.browser.Jar.SetCookies(u, []*http.Cookie{c})
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, httptest.NewServer, giteaAt(newProvider(t)))
			s.get("/login/main")
			if s.who() == nil {
				t.Fatal("nobody is logged in")
			}
			tc.what(s)
			if user := s.who(); (user == nil) != tc.ends {
				t.Errorf("logged in is %v", user)
			}
		})
	}
}

func (s *site) logout(origin string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+"/logout", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	want := http.StatusNoContent
	if origin != "" {
		req.Header.Set("Origin", origin)
		want = http.StatusForbidden
	}
	res, err := s.browser.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != want {
		s.t.Errorf("logout answers %d, want %d", res.StatusCode, want)
	}
}

func TestASessionOfOneReplicaIsKnownToAnother(t *testing.T) {
	p := newProvider(t)
	one, two := newSite(t, httptest.NewServer, giteaAt(p)), newSite(t, httptest.NewServer, giteaAt(p))
	one.get("/login/main")
	at1, _ := url.Parse(one.URL)
	at2, _ := url.Parse(two.URL)
	two.browser.Jar.SetCookies(at2, one.browser.Jar.Cookies(at1))
	if user := two.who(); user == nil || user.Login != "alice" {
		t.Errorf("the other replica sees %v", user)
	}
}

func TestChoices(t *testing.T) {
	p := newProvider(t)
	s := newSite(t, httptest.NewServer, giteaAt(p))
	want := []login.Choice{{Connection: "main", Kind: "gitea", URL: "/login/main"}}
	if diff := cmp.Diff(want, s.Choices()); diff != "" {
		t.Errorf("choices (-want +got):\n%s", diff)
	}
	if !s.Offers("main") || s.Offers("other") {
		t.Error("main is offered, and no other")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		base string
		c    login.Connection
		want string
	}{
		"no address":              {"", login.Connection{}, "external address"},
		"an address with a path":  {"https://ci.example.com/pharos", login.Connection{}, "without a path"},
		"an address of no server": {"ftp://ci.example.com", login.Connection{}, "external address"},
		"no client id":            {"https://ci.example.com", login.Connection{Name: "main", Kind: "gitea"}, "client id"},
		"an unknown forge":        {"https://ci.example.com", login.Connection{Name: "main", Kind: "sourcehut", ClientID: "x"}, "name an issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := login.New(login.Options{Base: tc.base, Connections: func() []login.Connection { return []login.Connection{tc.c} }})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one about %q", err, tc.want)
			}
		})
	}
}

func TestKeysOfAFile(t *testing.T) {
	b64 := "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
	hex := strings.Repeat("62", 32)
	for name, tc := range map[string]struct {
		text string
		want []string
		err  string
	}{
		"one in base64":              {b64 + "\n", []string{string(key("a"))}, ""},
		"two, with an empty line":    {hex + "\n\n" + b64, []string{string(key("b")), string(key("a"))}, ""},
		"none":                       {"\n", nil, "empty"},
		"one that is too short":      {b64 + "\nYWFh\n", nil, ":2: not a key of at least 32 bytes"},
		"one that is of other signs": {"!\n", nil, ":1: not a key"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			keys, err := login.ReadKeys(file)
			var got []string
			for _, k := range keys {
				got = append(got, string(k))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if (err == nil) != (tc.err == "") || (err != nil && !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error is %v, want %q", err, tc.err)
			}
			if err != nil && strings.Contains(err.Error(), b64) {
				t.Errorf("the error tells a key: %v", err)
			}
		})
	}
	if _, err := login.ReadKeys(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there has keys")
	}
}

func FuzzALoginLeadsBackToThisDashboardOnly(f *testing.F) {
	for _, seed := range []string{"/", "/runs/x?step=1#L7", "//evil.example.com", "/\\evil.example.com", "/a/..//evil", "/login/main", "/%2f/evil"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://ci.example.com")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := login.Local(path)
		as := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(strings.TrimLeft(got, " \x00")) // as browsers read it
		to, err := base.Parse(as)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme {
			t.Errorf("%q leads to %v, %v", path, to, err)
		}
	})
}

func BenchmarkWho(b *testing.B) {
	p := newProvider(b)
	s := newSite(b, httptest.NewServer, giteaAt(p))
	s.get("/login/main")
	u, _ := url.Parse(s.URL)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range s.browser.Jar.Cookies(u) {
		r.AddCookie(c)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s.Who(r) == nil {
			b.Fatal("nobody is logged in")
		}
	}
}
