package vendors_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/test/vendors"
)

// bitbucketSite is a repository, and the bot's client.
type bitbucketSite struct {
	*testing.T
	world  contract.World
	client *scm.Client
	repo   scm.Repo
}

// moreCallsOfBitbucket are what the contract leaves out of what the driver sends.
func moreCallsOfBitbucket(t *testing.T, w contract.World) {
	s := &bitbucketSite{T: t, world: w}
	var err error
	s.repo, err = w.Repo(map[string]string{"README.md": "first\n", "docs/a.md": "a\n"})
	s.ok(err)
	s.client, err = w.Driver().Open(w.Account())
	s.ok(err)
	s.hooks()
	s.verdicts()
	s.issues()
	base, err := s.client.Contents.Branch(t.Context(), s.repo, "main")
	s.ok(err)
	_, err = s.client.Contents.Read(t.Context(), s.repo, "docs", base)
	s.refused(err)
	_, err = s.world.As(contract.Mallory).CommitToFork(s.repo, "feature", map[string]string{"b.txt": "b\n"})
	s.ok(err)
	_, err = s.client.Repositories.List(t.Context(), contract.Mallory)
	s.ok(err)
}

func (s *bitbucketSite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *bitbucketSite) refused(err error) {
	s.Helper()
	if err == nil {
		s.Error("nothing was refused")
	}
}

// hooks are a workspace's.
func (s *bitbucketSite) hooks() {
	s.Helper()
	on, h := scm.HookTarget{Connection: "main", Org: s.repo.Org}, s.client.Hooks
	s.ok(h.Create(s.Context(), on, scm.NewHook{URL: "https://ci.test/hook", Secret: "s"}))
	all, err := h.List(s.Context(), on)
	s.ok(err)
	s.ok(h.Update(s.Context(), on, all[0].ID, scm.NewHook{URL: "https://ci.test/new", Secret: "s"}))
	s.ok(h.Delete(s.Context(), on, all[0].ID))
	s.refused(h.Create(s.Context(), on, scm.NewHook{Secret: "s"}))
}

// verdicts are given and withdrawn.
func (s *bitbucketSite) verdicts() {
	s.Helper()
	alice := s.world.As(contract.Alice)
	for _, branch := range []string{"feature", "another"} {
		_, err := alice.Commit(s.repo, branch, "main", map[string]string{branch + ".txt": "a\n"})
		s.ok(err)
	}
	ref, err := alice.Open(s.repo, scm.NewPull{Title: "Add a", Head: "feature", Base: "main"})
	s.ok(err)
	for _, state := range []scm.ReviewState{scm.ReviewChangesRequested, scm.ReviewApproved} {
		verdict := scm.NewReview{State: state, Body: "so be it"}
		s.ok(s.client.Reviews.Submit(s.Context(), ref, verdict))
		s.ok(s.client.Reviews.Submit(s.Context(), ref, verdict)) // which Bitbucket refuses as a conflict
		given, err := s.client.Reviews.List(s.Context(), ref)
		s.ok(err)
		s.ok(s.client.Reviews.Dismiss(s.Context(), ref, given[0].ID, "never mind"))
	}
	p, err := s.client.Pulls.Create(s.Context(), s.repo, scm.NewPull{Title: "Again", Head: "another", Base: "main", Draft: true})
	s.ok(err)
	s.ok(s.client.Reviews.Request(s.Context(), p.Ref, contract.Bob))
	s.ok(s.client.Reviews.Unrequest(s.Context(), p.Ref, contract.Bob))
}

func (s *bitbucketSite) issues() {
	s.Helper()
	i, err := s.client.Issues.Create(s.Context(), s.repo, "It is dark", "light?")
	s.ok(err)
	s.ok(s.client.Issues.Assign(s.Context(), i.Ref, contract.Bob))
	s.ok(s.client.Issues.Unassign(s.Context(), i.Ref, contract.Bob))
	title, open := "Dark", scm.StateOpen
	s.ok(s.client.Issues.Edit(s.Context(), i.Ref, scm.IssuePatch{Title: &title, State: &open}))
}

func TestBitbucketsCorrectedDocumentFindsWhatDisagrees(t *testing.T) {
	document, err := bitbucketDocument()
	if err != nil {
		t.Fatal(err)
	}
	const one, hooks = "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}", "/repositories/{workspace}/{repo_slug}/hooks"
	for name, tc := range map[string]struct{ call, body, answer, want string }{
		"a null that there is":        {"GET pullrequests/1", "", `{"type":"pullrequest","closed_by":null}`, ""},
		"a null that there is not":    {"GET pullrequests/1", "", `{"type":"pullrequest","id":null}`, "GET " + one + " 200: body/id: Value is not nullable"},
		"a number for somebody":       {"GET pullrequests/1", "", `{"type":"pullrequest","closed_by":7}`, "GET " + one + " 200: body/closed_by: "},
		"an unknown parameter":        {"GET pullrequests/1?size=3", "", `{"type":"pullrequest"}`, "GET " + one + ": there is no query parameter size"},
		"an unknown event":            {"POST hooks", `{"events":["repo:danced"]}`, "", "POST " + hooks + ": body/events/*: value is not one of the allowed values"},
		"an unknown field":            {"POST hooks", `{"colour":"red"}`, "", `POST ` + hooks + `: body/: property "colour" is unsupported`},
		"a field of another's inside": {"PUT pullrequests/1", `{"source":{"branch":{"nom":"a"}}}`, "", "PUT " + one + `: body/source/branch: property "nom" is unsupported`},
	} {
		t.Run(name, func(t *testing.T) {
			tally := vendors.NewTally(nil)
			method, path, _ := strings.Cut(tc.call, " ")
			request := httptest.NewRequest(method, "/2.0/repositories/acme/app/"+path, strings.NewReader(tc.body))
			request.Header.Set("Content-Type", "application/json")
			document.Wrap(tally, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if tc.answer == "" {
					w.WriteHeader(http.StatusForbidden)
					tc.answer = `{"type":"error","error":{"message":"no"}}`
				}
				_, _ = io.WriteString(w, tc.answer) // a recorder takes everything
			})).ServeHTTP(httptest.NewRecorder(), request)
			found := &report{}
			tally.Report(found, vendors.Requests)
			if tc.want == "" && len(found.said) > 0 || tc.want != "" && (len(found.said) == 0 || !strings.HasPrefix(found.said[0], tc.want)) {
				t.Errorf("want %s, got %q", tc.want, found.said)
			}
		})
	}
}
