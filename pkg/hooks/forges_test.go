package hooks_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/hooks"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
	"github.com/pharos-ci/pharos/pkg/scm/github"
	"github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	simbitbucketcloud "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketcloud"
	simbitbucketserver "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketserver"
	simgithub "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/github"
	simgitlab "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitlab"
)

const first, second = "first-s3cret", "second-s3cret"

// received is the secret that signed the last delivery, by the driver's own reckoning.
type received struct {
	driver scm.Driver
	signed chan string
}

func (r received) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	for _, secret := range []string{first, second} {
		e, err := r.driver.Parse(req.Header, body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte(secret)}})
		if err == nil && e.Kind() == scm.KindPush {
			r.signed <- secret
		}
	}
}

func TestAWebhookIsInstalledRotatedAndRepairedOnEveryForge(t *testing.T) {
	for name, tc := range map[string]struct {
		driver  scm.Driver
		dialect simulator.Dialect
	}{
		"github": {github.Driver{}, simgithub.Dialect{}}, "gitlab": {gitlab.Driver{}, simgitlab.Dialect{}},
		"bitbucketcloud": {bitbucketcloud.Driver{}, simbitbucketcloud.Dialect{}}, "bitbucketserver": {bitbucketserver.Driver{}, simbitbucketserver.Dialect{}},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulator.Start(tc.dialect, t.TempDir())
			t.Cleanup(f.Close)
			repo := scm.Repo{Connection: "main", Org: "ACME", Name: "app"}
			f.AddMember(repo.Org, "bot", scm.PermissionAdmin)
			if _, err := f.AddRepo(repo.Org, repo.Name, map[string]string{"a": "a\n"}); err != nil {
				t.Fatal(err)
			}
			client, err := tc.driver.Open(scm.Account{Connection: "main", URL: f.URL(), Credentials: scm.Credentials{Token: f.Token("bot")}, HTTP: f.Client()})
			if err != nil {
				t.Fatal(err)
			}
			door := received{tc.driver, make(chan string, 100)}
			listener := httptest.NewServer(door)
			t.Cleanup(listener.Close)
			w := &wire{t: t, client: client, url: listener.URL + "/hook/main", target: scm.HookTarget{Connection: "main", Org: repo.Org}}

			w.sync(hooks.Wish{NewHook: scm.NewHook{Secret: first}}, hooks.Create)
			w.sync(hooks.Wish{NewHook: scm.NewHook{Secret: first}}, hooks.Keep) // the second time there is nothing to do
			push := func(want string) {
				t.Helper()
				if _, err := f.As("bot").Commit(repo, "main", "", map[string]string{"a": want + "\n"}); err != nil {
					t.Fatal(err)
				}
				select {
				case got := <-door.signed:
					if got != want {
						t.Errorf("the push is signed with the %s secret, want the %s one", got, want)
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("no push came that the %s secret signed", want)
				}
			}
			push(first)
			w.sync(hooks.Wish{NewHook: scm.NewHook{Secret: second}, Rotate: true}, hooks.Repair)
			push(second)
			if err := client.Hooks.Create(t.Context(), w.target, scm.NewHook{URL: w.url + "?again", Secret: second}); err != nil {
				t.Fatal(err)
			}
			w.sync(hooks.Wish{NewHook: scm.NewHook{Secret: second}}, hooks.Keep, hooks.Remove)
			w.sync(hooks.Wish{NewHook: scm.NewHook{Secret: second}}, hooks.Keep)
		})
	}
}

// wire syncs one target.
type wire struct {
	t      *testing.T
	client *scm.Client
	url    string
	target scm.HookTarget
}

func (w *wire) sync(wish hooks.Wish, want ...hooks.Action) {
	w.t.Helper()
	wish.URL = w.url
	i := hooks.Installer{Client: w.client, Wish: wish}
	targets, err := i.Targets(w.t.Context(), []scm.HookTarget{w.target, {Connection: "main", Org: w.target.Org, Name: "app"}})
	if err != nil || len(targets) != 1 {
		w.t.Fatalf("targets %v, %v: the repository has its organisation's webhook", targets, err)
	}
	steps, err := i.Plan(w.t.Context(), targets)
	if err != nil || len(steps) != len(want) {
		w.t.Fatalf("steps %v, %v; want %v", steps, err, want)
	}
	for n, s := range steps {
		if s.Do != want[n] || strings.Contains(s.String(), wish.Secret) {
			w.t.Errorf("step %q, want to %s and no secret shown", s, want[n])
		}
		if err := i.Apply(w.t.Context(), s); err != nil {
			w.t.Fatal(err)
		}
	}
}
