package integration

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/test/harness"
)

// door is a dashboard with nothing but its login, in front of the real Gitea.
type door struct {
	*httptest.Server
	*login.Login
	gitea       *harness.Gitea
	connections []login.Connection
}

func openDoor(t *testing.T) *door {
	t.Helper()
	g, err := harness.OpenGitea(cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	d := &door{Server: httptest.NewServer(mux), gitea: g}
	t.Cleanup(d.Close)
	d.Login, err = login.New(login.Options{
		Base: d.URL, Connections: func() []login.Connection { return d.connections },
		Keys: func() ([][]byte, error) { return [][]byte{[]byte(strings.Repeat("k", 32))}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Routes(mux)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(d.Who(r)) // the test reads what there is
	})
	d.offer(t, d.URL)
	return d
}

// offer has the login use a new OAuth2 application, whose redirect URI is below base.
func (d *door) offer(t *testing.T, base string) {
	t.Helper()
	id, secret, err := d.gitea.OAuthApp(unique("pharos"), false, base+"/login/main/callback")
	if err != nil {
		t.Fatal(err)
	}
	d.connections = []login.Connection{{
		Name: "main", Kind: "gitea", URL: d.gitea.URL, ClientID: id, Secret: func() (string, error) { return secret, nil },
	}}
}

// person is somebody with an account of his own, and his browser.
func (d *door) person(t *testing.T, name string) (string, *harness.Browser) {
	t.Helper()
	name = unique(name)
	if err := d.gitea.EnsureUser(name); err != nil {
		t.Fatal(err)
	}
	b, err := d.gitea.Browser(name)
	if err != nil {
		t.Fatal(err)
	}
	return name, b
}

func (d *door) open(t *testing.T, b *harness.Browser, path string) string {
	t.Helper()
	at, err := b.Open(d.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	if "http://"+at.Host != d.URL {
		return at.String()
	}
	return at.RequestURI()
}

func (d *door) who(t *testing.T, b *harness.Browser) *login.User {
	t.Helper()
	res, err := b.Get(d.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var user *login.User
	if err := json.NewDecoder(res.Body).Decode(&user); err != nil {
		t.Fatal(err)
	}
	return user
}

func TestLoginAtARealGitea(t *testing.T) {
	d := openDoor(t)
	alice, browser := d.person(t, "alice")
	if got := d.open(t, browser, "/login/main?return=/runs/x"); got != "/runs/x" {
		t.Fatalf("the login leads to %s", got)
	}
	as, err := d.gitea.As(alice)
	if err != nil {
		t.Fatal(err)
	}
	self, _, err := as.GetMyUserInfo()
	if err != nil {
		t.Fatal(err)
	}
	user := d.who(t, browser)
	if user == nil {
		t.Fatal("nobody is logged in")
	}
	var driver scm.User
	driver.Login, driver.ID = self.UserName, jsonNumber(self.ID)
	if diff := cmp.Diff(driver, user.Account()); diff != "" || user.Connection != "main" || !strings.HasPrefix(user.Avatar, "http") {
		t.Errorf("logged in is %+v; account (-want +got):\n%s", user, diff)
	}

	res, err := browser.Post(d.URL+"/logout", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if user := d.who(t, browser); user != nil {
		t.Errorf("after logging out, logged in is %v", user)
	}
	if got := d.open(t, browser, "/login/main"); got != "/" || browser.Consents != 1 || d.who(t, browser) == nil {
		t.Errorf("the second login leads to %s, after %d consents", got, browser.Consents)
	}
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n) // a number always encodes
	return string(text)
}

func TestALoginThatGiteaRefuses(t *testing.T) {
	t.Run("because the person declines", func(t *testing.T) {
		d := openDoor(t)
		_, browser := d.person(t, "bob")
		browser.Declines = true
		if got := d.open(t, browser, "/login/main?return=/runs/x"); got != "/login?connection=main&error=denied&return=%2Fruns%2Fx" {
			t.Errorf("the login leads to %s", got)
		}
		if user := d.who(t, browser); user != nil {
			t.Errorf("logged in is %v", user)
		}
	})
	t.Run("because of a wrong secret", func(t *testing.T) {
		d := openDoor(t)
		_, browser := d.person(t, "bob")
		d.connections[0].Secret = func() (string, error) { return "wrong", nil }
		if got := d.open(t, browser, "/login/main"); got != "/login?connection=main&error=client" {
			t.Errorf("the login leads to %s", got)
		}
	})
	t.Run("because of a redirect URI that its application does not list", func(t *testing.T) {
		d := openDoor(t)
		_, browser := d.person(t, "bob")
		d.offer(t, "http://127.0.0.1:9")
		if got := d.open(t, browser, "/login/main"); !strings.HasPrefix(got, d.gitea.URL) {
			t.Errorf("Gitea lets somebody go to %s", got)
		}
		if user := d.who(t, browser); user != nil {
			t.Errorf("logged in is %v", user)
		}
	})
	t.Run("because it knows no such application", func(t *testing.T) {
		d := openDoor(t)
		_, browser := d.person(t, "bob")
		d.connections[0].ClientID = "00000000-0000-0000-0000-000000000000"
		if got := d.open(t, browser, "/login/main"); !strings.HasPrefix(got, d.gitea.URL) {
			t.Errorf("Gitea lets somebody go to %s", got)
		}
	})
}

func TestALoginWithoutASecretIsProtectedByPKCE(t *testing.T) {
	d := openDoor(t)
	name, browser := d.person(t, "alice")
	id, _, err := d.gitea.OAuthApp(unique("public"), true, d.URL+"/login/main/callback")
	if err != nil {
		t.Fatal(err)
	}
	d.connections[0].ClientID, d.connections[0].Secret = id, nil
	d.open(t, browser, "/login/main")
	if user := d.who(t, browser); user == nil || user.Login != name {
		t.Errorf("logged in is %v", user)
	}
}

// theForges is the real Gitea as the connection main.
type theForges struct{ client *scm.Client }

func (f theForges) Client(string) (*scm.Client, error) { return f.client, nil }

func (d *door) access(t *testing.T) *access.Access {
	t.Helper()
	if err := d.gitea.EnsureUser(harness.Bot); err != nil {
		t.Fatal(err)
	}
	token, err := d.gitea.Token(t.Context(), harness.Bot, unique("access"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := gitea.Driver{}.Open(scm.Account{
		Connection: "main", URL: d.gitea.URL, Bot: harness.Bot, Credentials: scm.Credentials{Token: token}, HTTP: &http.Client{Timeout: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	return access.New(access.Options{Forges: theForges{client}, Settings: func() access.Settings { return access.Settings{} }, Offers: d.Offers})
}

func TestALoginShowsPrivateRepositoriesToTheirReadersAlone(t *testing.T) {
	d := openDoor(t)
	a := d.access(t)
	org := unique("loginorg")
	for _, step := range []error{
		d.gitea.CreateOrg(org, harness.Bot), d.gitea.CreateRepo(org, "open", nil), d.gitea.CreateRepo(org, "secret", nil),
		d.gitea.Hide(org, "secret"), d.gitea.Invite(org, "secret", harness.Bot, sdk.AccessModeAdmin),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	open, secret := scm.Repo{Connection: "main", Org: org, Name: "open"}, scm.Repo{Connection: "main", Org: org, Name: "secret"}
	run := &v1alpha1.PipelineJob{Spec: v1alpha1.PipelineJobSpec{
		Type: v1alpha1.Postsubmit, Job: "unit", Connection: "main", Refs: &v1alpha1.Refs{Org: org, Repo: "secret"},
	}}
	for name, tc := range map[string]struct {
		anonymous bool
		as        sdk.AccessMode
		sees      []scm.Repo
		runs      bool
	}{
		"nobody":       {true, "", []scm.Repo{open}, false},
		"an outsider":  {false, "", []scm.Repo{open}, false},
		"a reader":     {false, sdk.AccessModeRead, []scm.Repo{open, secret}, false},
		"a writer":     {false, sdk.AccessModeWrite, []scm.Repo{open, secret}, true},
		"an admin too": {false, sdk.AccessModeAdmin, []scm.Repo{open, secret}, true},
	} {
		t.Run(name, func(t *testing.T) {
			login, browser := d.person(t, "carol")
			if tc.as != "" {
				if err := d.gitea.Invite(org, "secret", login, tc.as); err != nil {
					t.Fatal(err)
				}
			}
			if !tc.anonymous {
				d.open(t, browser, "/login/main")
			}
			user := d.who(t, browser)
			if (user == nil) != tc.anonymous {
				t.Fatalf("logged in is %v", user)
			}
			seen, err := a.Visible(t.Context(), user, []scm.Repo{open, secret, {Connection: "main", Org: org, Name: "none"}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.sees, seen); diff != "" {
				t.Errorf("visible (-want +got):\n%s", diff)
			}
			if may, err := a.MayRead(t.Context(), user, secret); err != nil || may != (len(tc.sees) == 2) {
				t.Errorf("may read is %v, %v", may, err)
			}
			if v, err := a.MayRerun(t.Context(), user, run); err != nil || v.Allowed != tc.runs || v.Reason == "" {
				t.Errorf("may rerun is %+v, %v", v, err)
			}
		})
	}
}

func TestAPublicRepositoryOfAClosedOrganisationIsNotForNobody(t *testing.T) {
	d := openDoor(t)
	a := d.access(t)
	org := unique("closedorg")
	for _, step := range []error{d.gitea.CreateOrg(org, harness.Bot), d.gitea.CreateRepo(org, "app", nil), d.gitea.Close(org)} {
		if step != nil {
			t.Fatal(step)
		}
	}
	repo := scm.Repo{Connection: "main", Org: org, Name: "app"}
	if seen, err := a.Visible(t.Context(), nil, []scm.Repo{repo}); err != nil || len(seen) != 0 {
		t.Errorf("nobody in particular sees %v, %v", seen, err)
	}
}
