package gitlab_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	driver "github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitlab"
)

func newWorld(t *testing.T) (*simulator.Forge, contract.World) {
	t.Helper()
	f := simulator.Start(gitlab.Dialect{}, t.TempDir())
	t.Cleanup(f.Close)
	return f, contract.NewSimulated(f, driver.Driver{}, contract.Simulated{PageSize: 100, Nested: true})
}

func TestTheDriverKeepsTheContract(t *testing.T) {
	_, w := newWorld(t)
	contract.Run(t, w)
}

// newRepo makes a repository, and a client of the bot.
func newRepo(t *testing.T, w contract.World) (scm.Repo, *scm.Client) {
	t.Helper()
	repo, err := w.Repo(map[string]string{"README.md": "first\n"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := w.Driver().Open(w.Account())
	if err != nil {
		t.Fatal(err)
	}
	return repo, client
}

func TestDeliveriesThatAreSigned(t *testing.T) {
	_, w := newWorld(t)
	repo, client := newRepo(t, w)
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	type delivery struct {
		header http.Header
		body   []byte
	}
	came := make(chan delivery, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- delivery{r.Header, body}
	}))
	t.Cleanup(receiver.Close)
	on := scm.HookTarget(repo)
	if err := client.Hooks.Create(t.Context(), on, scm.NewHook{URL: receiver.URL, Secret: secret}); err != nil {
		t.Fatal(err)
	}
	if hooks, err := client.Hooks.List(t.Context(), on); err != nil || len(hooks) != 1 || !hooks[0].Complete || !hooks[0].SecretSet {
		t.Errorf("the webhooks are %+v, %v", hooks, err)
	}
	if _, err := w.As(contract.Alice).Commit(repo, "work", "main", map[string]string{"a.txt": "a\n"}); err != nil {
		t.Fatal(err)
	}
	d := <-came
	if d.header.Get("X-Gitlab-Token") != "" {
		t.Error("the key came along")
	}
	event, err := w.Driver().Parse(d.header, d.body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("old"), []byte(secret)}})
	if err != nil || event.Kind() != scm.KindPush {
		t.Errorf("event %v, %v", event, err)
	}
}

func TestTheHeadOfAForkHasStatuses(t *testing.T) {
	_, w := newWorld(t)
	repo, client := newRepo(t, w)
	mallory := w.As(contract.Mallory)
	sha, err := mallory.CommitToFork(repo, "feature", map[string]string{"a.txt": "a\n"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mallory.OpenFromFork(repo, scm.NewPull{Title: "From outside", Head: "feature", Base: "main"}); err != nil {
		t.Fatal(err)
	}
	want := []scm.Status{{Context: "unit", State: scm.StatusPending, Description: "it runs", TargetURL: "https://ci.test/2"}}
	for _, said := range []string{"queued", "it runs"} {
		st := want[0]
		st.Description = said
		if err := client.Statuses.Set(t.Context(), repo, sha, st); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := client.Statuses.List(t.Context(), repo, sha); err != nil || !slices.Equal(got, want) {
		t.Errorf("the statuses are %+v, %v", got, err)
	}
}

func TestAProjectThatOnlyFastForwards(t *testing.T) {
	f, w := newWorld(t)
	repo, client := newRepo(t, w)
	if err := f.Do(func() error {
		r, err := f.Repo(repo.Org, repo.Name)
		if err == nil {
			r.Methods = []scm.MergeMethod{scm.MergeFastForward}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Merges.Methods(t.Context(), repo); err != nil || !slices.Equal(got, []scm.MergeMethod{scm.MergeRebase, scm.MergeFastForward}) {
		t.Errorf("the methods are %v, %v", got, err)
	}
	alice := w.As(contract.Alice)
	sha, err := alice.Commit(repo, "feature", "main", map[string]string{"a.txt": "a\n"})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := alice.Open(repo, scm.NewPull{Title: "Add a", Head: "feature", Base: "main"})
	if err != nil {
		t.Fatal(err)
	}
	if merged, err := client.Merges.Merge(t.Context(), ref, scm.Merge{SHA: sha, Method: scm.MergeFastForward}); err != nil || merged != sha {
		t.Errorf("merged as %s, %v; want %s", merged, err, sha)
	}
}
