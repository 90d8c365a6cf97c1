package gitlab_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitlab"
)

func TestOpenMakesNoCall(t *testing.T) {
	s := newServer(t)
	s.client(t)
	if len(s.requests) != 0 {
		t.Errorf("Open sent %v", s.requests)
	}
	for name, account := range map[string]scm.Account{
		"a URL that is none":      {URL: "gitlab.test", HTTP: s.Client()},
		"an account without HTTP": {URL: s.URL},
		"an app's key":            {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{AppID: 5}},
		"a consumer's id":         {URL: s.URL, HTTP: s.Client(), Credentials: scm.Credentials{ClientID: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (gitlab.Driver{}).Open(account); err == nil {
				t.Error("Open gave a client")
			}
		})
	}
}

func TestNestedGroupsStayOneSegment(t *testing.T) {
	s := newServer(t)
	s.on("GET "+project+"/repository/files/dir%2Fa%20b%23%3F.txt/raw", "x")
	s.on("GET "+project+"/repository/branches/fix%2F%23100%25", object{"commit": object{"id": strings.Repeat("a", 40)}})
	c := s.client(t)
	if _, err := c.Contents.Read(t.Context(), repo, "dir/a b#?.txt", "main"); err != nil {
		t.Error(err)
	}
	if sha, err := c.Contents.Branch(t.Context(), repo, "fix/#100%"); err != nil || sha != strings.Repeat("a", 40) {
		t.Errorf("branch %s, %v", sha, err)
	}
	if want := "ref=main"; s.requests[0].Query != want {
		t.Errorf("query = %s, want %s", s.requests[0].Query, want)
	}
}

func TestGetPull(t *testing.T) {
	want := scm.PullRequest{
		Ref: ref, Title: "Add a lamp", Body: "please", Author: scm.User{Login: "alice", ID: "3"},
		Base:   scm.Branch{Name: "main", SHA: strings.Repeat("1", 40), Repo: "acme/tools/app"},
		Head:   scm.Branch{Name: "lamp", SHA: strings.Repeat("2", 40), Repo: "acme/tools/app"},
		Link:   "http://gitlab.test/acme/tools/app/-/merge_requests/17",
		Labels: []string{"lgtm"}, State: scm.StateOpen, Mergeable: scm.MergeableYes, Assignees: []scm.User{{Login: "bob", ID: "4"}},
		Milestone: "1.0", Updated: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC),
	}
	cases := map[string]struct {
		more   object
		change func(*scm.PullRequest)
		calls  int
	}{
		"of its own project":            {nil, func(*scm.PullRequest) {}, 1},
		"from a fork":                   {object{"source_project_id": 88}, func(p *scm.PullRequest) { p.Head.Repo = "mallory/app" }, 2},
		"from a fork that nobody sees":  {object{"source_project_id": 89}, func(p *scm.PullRequest) { p.Head.Repo = "" }, 2},
		"from a fork that is deleted":   {object{"source_project_id": nil}, func(p *scm.PullRequest) { p.Head.Repo, p.CloneURL = "", "" }, 1},
		"by an account that is deleted": {object{"author": nil}, func(p *scm.PullRequest) { p.Author = scm.User{} }, 1},
		"with conflicts":                {object{"merge_status": "cannot_be_merged"}, func(p *scm.PullRequest) { p.Mergeable = scm.MergeableNo }, 1},
		"that GitLab has not looked at": {object{"merge_status": "checking", "diff_refs": nil},
			func(p *scm.PullRequest) { p.Mergeable, p.Base.SHA = scm.MergeableUnknown, "" }, 1},
		"that is being merged": {object{"state": "locked"}, func(*scm.PullRequest) {}, 1},
		"that was merged": {object{"state": "merged", "merge_commit_sha": strings.Repeat("5", 40), "squash_commit_sha": strings.Repeat("6", 40)},
			func(p *scm.PullRequest) { p.State, p.MergeSHA = scm.StateMerged, strings.Repeat("5", 40) }, 1},
		"that was fast-forwarded": {object{"state": "merged"},
			func(p *scm.PullRequest) { p.State, p.MergeSHA = scm.StateMerged, strings.Repeat("2", 40) }, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.on("GET "+pull, mergeRequest(tc.more))
			s.on("GET projects/88", object{"id": 88, "path_with_namespace": "mallory/app"})
			got, err := s.client(t).Pulls.Get(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			want := want
			want.CloneURL = s.URL + "/acme/tools/app.git"
			tc.change(&want)
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("pull request (-want +got):\n%s", diff)
			}
			if len(s.requests) != tc.calls {
				t.Errorf("calls %v, want %d", s.lines(), tc.calls)
			}
		})
	}
}

func TestAForkIsAskedForOnce(t *testing.T) {
	s := newServer(t)
	s.routes["GET "+project+"/merge_requests"] = paged([]object{
		mergeRequest(object{"iid": 1, "source_project_id": 88}), mergeRequest(object{"iid": 2, "source_project_id": 88}), mergeRequest(object{"iid": 3}),
	})
	s.on("GET projects/88", object{"id": 88, "path_with_namespace": "mallory/app"})
	all, err := s.client(t).Pulls.List(t.Context(), repo)
	if err != nil || len(all) != 3 || all[1].Head.Repo != "mallory/app" {
		t.Fatalf("pull requests %+v, %v", all, err)
	}
	if len(s.requests) != 2 || !strings.Contains(s.requests[0].Query, "state=opened") {
		t.Errorf("calls %v", s.requests)
	}
}

func TestListsPageToTheirEnd(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 250} {
		t.Run(fmt.Sprintf("%d files", n), func(t *testing.T) {
			s := newServer(t)
			s.on("GET "+pull, mergeRequest(nil))
			var files []object
			var want []string
			for i := range n {
				name := fmt.Sprintf("dir/%03d.go", i)
				files = append(files, object{"new_path": name, "old_path": "old/" + name})
				want = append(want, name)
			}
			s.routes["GET "+pull+"/diffs"] = paged(files)
			got, err := s.client(t).Pulls.ChangedFiles(t.Context(), ref)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d files, want %d; %v", len(got), n, err)
			}
			if want := 1 + max(1, (n+99)/100); len(s.requests) != want {
				t.Errorf("%d calls, want %d", len(s.requests), want)
			}
		})
	}
}

func TestAPartOfAChangeIsNoAnswer(t *testing.T) {
	s := newServer(t)
	c := s.client(t).Pulls
	s.on("GET "+pull+"/diffs", []object{{"new_path": "a"}})
	s.on("GET "+pull, mergeRequest(object{"changes_count": "1000+"}))
	if files, err := c.ChangedFiles(t.Context(), ref); !errors.Is(err, scm.ErrIncomplete) {
		t.Errorf("files %v, error %v of a change that is too large", files, err)
	}
	s.on("GET "+pull, mergeRequest(object{"changes_count": nil, "detailed_merge_status": "preparing"}))
	if files, err := c.ChangedFiles(t.Context(), ref); !errors.Is(err, scm.ErrTransient) {
		t.Errorf("files %v, error %v of a change that is not known yet", files, err)
	}
	s.on("GET "+project+"/repository/compare", object{"diffs": []object{{"new_path": "a", "old_path": "a"}}, "compare_timeout": true})
	if files, err := c.Compare(t.Context(), repo, "aa", "bb"); !errors.Is(err, scm.ErrIncomplete) {
		t.Errorf("files %v, error %v of a difference that is too large", files, err)
	}
}

func TestCompare(t *testing.T) {
	s := newServer(t)
	s.on("GET "+project+"/repository/compare", object{"diffs": []object{
		{"new_path": "b", "old_path": "b"}, {"new_path": "new", "old_path": "old", "renamed_file": true}, {"new_path": "a", "old_path": "a"},
	}})
	c := s.client(t).Pulls
	got, err := c.Compare(t.Context(), repo, "aa", "bb")
	if err != nil || !slices.Equal(got, []string{"a", "b", "new", "old"}) {
		t.Errorf("files %v, %v", got, err)
	}
	if want := "from=aa&straight=true&to=bb"; s.requests[0].Query != want {
		t.Errorf("query = %s, want %s", s.requests[0].Query, want)
	}
	if _, err := c.Compare(t.Context(), repo, "", "bb"); !errors.Is(err, scm.ErrInvalid) || len(s.requests) != 1 {
		t.Errorf("a new branch: %v after %d calls", err, len(s.requests))
	}
}

func TestCommitsHaveTheirParents(t *testing.T) {
	s := newServer(t)
	s.on("GET "+pull, mergeRequest(nil))
	s.routes["GET "+project+"/repository/commits"] = paged([]object{
		{"id": "cc", "message": "two", "author_email": "alice@acme.test", "parent_ids": []string{"bb"}},
		{"id": "bb", "message": "one", "author_email": "alice@acme.test", "parent_ids": []string{"aa"}},
	})
	c := s.client(t).Pulls
	got, err := c.Commits(t.Context(), ref)
	want := []scm.Commit{
		{SHA: "bb", Message: "one", Email: "alice@acme.test", Parents: []string{"aa"}}, {SHA: "cc", Message: "two", Email: "alice@acme.test", Parents: []string{"bb"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("commits (-want +got), %v:\n%s", err, diff)
	}
	if want := "ref_name=" + strings.Repeat("0", 39) + "1.." + strings.Repeat("2", 40); !strings.Contains(s.requests[1].Query, want) {
		t.Errorf("query = %s, want %s", s.requests[1].Query, want)
	}
	s.on("GET "+pull, mergeRequest(object{"diff_refs": nil}))
	if got, err := c.Commits(t.Context(), ref); len(got) != 0 || err != nil {
		t.Errorf("commits of no change are %v, %v", got, err)
	}
}

func TestEdits(t *testing.T) {
	s := newServer(t)
	s.on("PUT "+pull, mergeRequest(nil))
	s.on("PUT "+issue, object{"iid": 17})
	s.routes["GET "+project+"/milestones"] = paged([]object{{"id": 60, "title": "1.0"}, {"id": 61, "title": "1.1"}})
	c := s.client(t)
	title, closed, open, merged := "Add two lamps", scm.StateClosed, scm.StateOpen, scm.StateMerged
	for name, tc := range map[string]struct {
		edit func() error
		line string
		body string
		want error
	}{
		"a title":                     {func() error { return c.Pulls.Edit(t.Context(), ref, scm.PullPatch{Title: &title}) }, pull, `{"title":"Add two lamps"}`, nil},
		"an end":                      {func() error { return c.Pulls.Edit(t.Context(), ref, scm.PullPatch{State: &closed}) }, pull, `{"state_event":"close"}`, nil},
		"another base":                {func() error { return c.Pulls.Edit(t.Context(), ref, scm.PullPatch{Base: &title}) }, pull, `{"target_branch":"Add two lamps"}`, nil},
		"nothing":                     {func() error { return c.Pulls.Edit(t.Context(), ref, scm.PullPatch{}) }, pull, "", nil},
		"a merge":                     {func() error { return c.Pulls.Edit(t.Context(), ref, scm.PullPatch{State: &merged}) }, pull, "", scm.ErrInvalid},
		"an issue opened again":       {func() error { return c.Issues.Edit(t.Context(), ref, scm.IssuePatch{State: &open}) }, issue, `{"state_event":"reopen"}`, nil},
		"nothing of an issue":         {func() error { return c.Issues.Edit(t.Context(), ref, scm.IssuePatch{}) }, issue, "", nil},
		"a milestone":                 {func() error { return c.Milestones.Set(t.Context(), ref, "1.1") }, pull, `{"milestone_id":61}`, nil},
		"no milestone":                {func() error { return c.Milestones.Set(t.Context(), ref, "") }, pull, `{"milestone_id":0}`, nil},
		"a milestone that is no more": {func() error { return c.Milestones.Set(t.Context(), ref, "0.9") }, pull, "", scm.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s.requests = nil
			if err := tc.edit(); !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if got := strings.Join(s.bodies("PUT "+tc.line), ""); got != tc.body {
				t.Errorf("sent %s, want %s", got, tc.body)
			}
		})
	}
}

func TestErrorsAreTyped(t *testing.T) {
	cases := map[string]struct {
		status int
		body   any
		want   error
		text   string
	}{
		"a missing merge request":   {404, object{"message": "404 Not found"}, scm.ErrNotFound, "404 Not found"},
		"a wrong token":             {401, object{"message": "401 Unauthorized"}, scm.ErrForbidden, "401 Unauthorized"},
		"a scope that is missing":   {403, object{"error": "insufficient_scope", "error_description": "needs api"}, scm.ErrForbidden, "insufficient_scope; needs api"},
		"what exists already":       {409, object{"message": []string{"Another open merge request exists: !5"}}, scm.ErrConflict, "exists: !5"},
		"fields that are wrong":     {400, object{"message": object{"title": []string{"can't be blank"}, "base": []string{"is odd"}}}, scm.ErrInvalid, "base is odd; title can't be blank"},
		"a parameter that is wrong": {400, object{"error": "title is missing"}, scm.ErrInvalid, "title is missing"},
		"a server in trouble":       {500, object{"message": "500 Internal Server Error"}, scm.ErrTransient, "Internal"},
		"a rate limit":              {429, object{"message": object{"error": "This endpoint has been requested too many times"}}, scm.ErrTransient, "rate limited until"},
		"a message of odd shape":    {422, object{"message": 5}, scm.ErrInvalid, "Unprocessable Entity"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.routes["GET "+pull] = func(w http.ResponseWriter, _ request) { reply(w, tc.status, tc.body) }
			_, err := s.client(t).Pulls.Get(t.Context(), ref)
			if !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
			for _, part := range []string{"get pull request main:acme/tools/app#17", tc.text} {
				if !strings.Contains(fmt.Sprint(err), part) {
					t.Errorf("error %q does not tell %q", err, part)
				}
			}
		})
	}
}

func TestMerge(t *testing.T) {
	head := strings.Repeat("2", 40)
	cases := map[string]struct {
		project object
		how     scm.Merge
		refused int
		body    string
		want    error
	}{
		"by a merge commit": {object{"merge_method": "merge", "squash_option": "default_on"}, scm.Merge{SHA: head, Method: scm.MergeCommit, Title: "T", Body: "B"}, 0,
			`{"sha":"` + head + `","squash":false,"merge_commit_message":"T\n\nB"}`, nil},
		"squashed": {object{"merge_method": "merge", "squash_option": "default_off"}, scm.Merge{SHA: head, Method: scm.MergeSquash, Title: "T"}, 0,
			`{"sha":"` + head + `","squash":true,"squash_commit_message":"T"}`, nil},
		"squashed, with a body alone": {object{"merge_method": "ff"}, scm.Merge{SHA: head, Method: scm.MergeSquash, Body: "B"}, 0,
			`{"sha":"` + head + `","squash":true,"squash_commit_message":"Add a lamp\n\nB"}`, nil},
		"fast-forward":                      {object{"merge_method": "ff"}, scm.Merge{SHA: head, Method: scm.MergeFastForward}, 0, `{"sha":"` + head + `","squash":false}`, nil},
		"rebased":                           {object{"merge_method": "ff"}, scm.Merge{SHA: head, Method: scm.MergeRebase}, 0, `{"sha":"` + head + `","squash":false}`, nil},
		"as the project does":               {object{"merge_method": "ff"}, scm.Merge{SHA: head}, 0, `{"sha":"` + head + `"}`, nil},
		"by a method the project has not":   {object{"merge_method": "merge"}, scm.Merge{SHA: head, Method: scm.MergeFastForward}, 0, "", scm.ErrNotMergeable},
		"not squashed where all is":         {object{"merge_method": "merge", "squash_option": "always"}, scm.Merge{SHA: head, Method: scm.MergeCommit}, 0, "", scm.ErrNotMergeable},
		"squashed where nothing is":         {object{"merge_method": "merge", "squash_option": "never"}, scm.Merge{SHA: head, Method: scm.MergeSquash}, 0, "", scm.ErrNotMergeable},
		"without a head":                    {nil, scm.Merge{Method: scm.MergeCommit}, 0, "", scm.ErrInvalid},
		"a head that has moved":             {nil, scm.Merge{SHA: head}, 409, `{"sha":"` + head + `"}`, scm.ErrHeadMoved},
		"a draft":                           {nil, scm.Merge{SHA: head}, 405, `{"sha":"` + head + `"}`, scm.ErrNotMergeable},
		"a merge that failed":               {nil, scm.Merge{SHA: head}, 422, `{"sha":"` + head + `"}`, scm.ErrNotMergeable},
		"a bot that may not":                {nil, scm.Merge{SHA: head}, 401, `{"sha":"` + head + `"}`, scm.ErrForbidden},
		"a merge request that there is not": {nil, scm.Merge{SHA: head}, 404, `{"sha":"` + head + `"}`, scm.ErrNotFound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.on("GET "+project, tc.project)
			s.on("GET "+pull, mergeRequest(nil))
			s.on("PUT "+pull+"/merge", mergeRequest(object{"state": "merged", "merge_commit_sha": strings.Repeat("5", 40)}))
			if tc.refused != 0 {
				s.fail("PUT "+pull+"/merge", tc.refused, "no")
			}
			sha, err := s.client(t).Merges.Merge(t.Context(), ref, tc.how)
			if !errors.Is(err, tc.want) || tc.want == nil && (err != nil || sha != strings.Repeat("5", 40)) {
				t.Errorf("merged as %q, error %v, want %v", sha, err, tc.want)
			}
			if got := strings.Join(s.bodies("PUT "+pull+"/merge"), ""); got != tc.body {
				t.Errorf("asked for %s, want %s", got, tc.body)
			}
		})
	}
}

func TestMergeMethods(t *testing.T) {
	for setting, want := range map[[2]string][]scm.MergeMethod{
		{"merge", "default_off"}:       {scm.MergeCommit, scm.MergeSquash},
		{"rebase_merge", "default_on"}: {scm.MergeCommit, scm.MergeSquash},
		{"ff", "never"}:                {scm.MergeRebase, scm.MergeFastForward},
		{"ff", ""}:                     {scm.MergeRebase, scm.MergeFastForward, scm.MergeSquash},
		{"merge", "always"}:            {scm.MergeSquash},
	} {
		s := newServer(t)
		s.on("GET "+project, object{"merge_method": setting[0], "squash_option": setting[1]})
		got, err := s.client(t).Merges.Methods(t.Context(), repo)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("methods of %v are %v, %v; want %v", setting, got, err, want)
		}
	}
}
