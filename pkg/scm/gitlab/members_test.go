package gitlab_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// accounts answers for who there is.
func accounts(s *server) {
	ids := map[string]int{"owner": 50, "maintainer": 40, "developer": 30, "reporter": 20, "guest": 10, "minimal": 11, "waiting": 12, "stranger": 13}
	levels := map[string]int{"minimal": 5, "waiting": 30}
	s.routes["GET users"] = func(w http.ResponseWriter, r request) {
		login := strings.ToLower(strings.TrimPrefix(r.Query, "username="))
		found := []object{}
		if id, ok := ids[login]; ok {
			found = append(found, person(id, login))
		}
		reply(w, http.StatusOK, found)
	}
	for login, id := range ids {
		level, state := id, "active"
		if l, ok := levels[login]; ok {
			level = l
		}
		if login == "waiting" {
			state = "awaiting"
		}
		if login == "stranger" {
			continue
		}
		found := object{"id": id, "username": login, "state": "active", "access_level": level, "membership_state": state}
		for _, of := range []string{project, "groups/acme%2Ftools"} {
			s.on("GET "+of+"/members/all/"+strconv.Itoa(id), found)
		}
	}
}

func TestPermissions(t *testing.T) {
	s := newServer(t)
	accounts(s)
	s.on("GET "+project, object{"visibility": "public"})
	m := s.client(t).Members
	for login, want := range map[string]scm.Permission{
		"owner": scm.PermissionAdmin, "maintainer": scm.PermissionMaintain, "Developer": scm.PermissionWrite, "reporter": scm.PermissionTriage,
		"guest": scm.PermissionRead, "minimal": scm.PermissionNone, "waiting": scm.PermissionNone, "stranger": scm.PermissionRead, "nobody": scm.PermissionNone,
	} {
		if got, err := m.Permission(t.Context(), repo, scm.User{Login: login}); got != want || err != nil {
			t.Errorf("permission of %s = %v, %v; want %v", login, got, err, want)
		}
		if got, err := m.IsCollaborator(t.Context(), repo, scm.User{Login: login}); got != (want >= scm.PermissionWrite) || err != nil {
			t.Errorf("collaborator %s = %v, %v", login, got, err)
		}
	}
	for login, want := range map[string]bool{"owner": true, "guest": true, "minimal": false, "waiting": false, "stranger": false, "nobody": false} {
		if got, err := m.IsOrgMember(t.Context(), "acme/tools", scm.User{Login: login}); got != want || err != nil {
			t.Errorf("member %s = %v, %v; want %v", login, got, err, want)
		}
	}
	if _, err := m.IsOrgMember(t.Context(), "acme/tools", scm.User{Login: ""}); !errors.Is(err, scm.ErrInvalid) {
		t.Errorf("member without a login: %v", err)
	}
}

func TestStrangersMayReadWhatIsOpen(t *testing.T) {
	for name, tc := range map[string]struct {
		project object
		want    scm.Permission
	}{
		"a public project":                  {object{"visibility": "public", "repository_access_level": "enabled"}, scm.PermissionRead},
		"an internal project":               {object{"visibility": "internal"}, scm.PermissionRead},
		"a private project":                 {object{"visibility": "private"}, scm.PermissionNone},
		"a public project with closed code": {object{"visibility": "public", "repository_access_level": "private"}, scm.PermissionNone},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			accounts(s)
			s.on("GET "+project, tc.project)
			if got, err := s.client(t).Members.Permission(t.Context(), repo, scm.User{Login: "stranger"}); got != tc.want || err != nil {
				t.Errorf("permission = %v, %v; want %v", got, err, tc.want)
			}
		})
	}
	t.Run("a project that the bot cannot see is no answer", func(t *testing.T) {
		s := newServer(t)
		accounts(s)
		if got, err := s.client(t).Members.IsCollaborator(t.Context(), repo, scm.User{Login: "stranger"}); err == nil {
			t.Errorf("collaborator = %v without an error", got)
		}
	})
}

func TestTeamsAreSubgroups(t *testing.T) {
	s := newServer(t)
	s.routes["GET groups/acme%2Ftools%2Freviewers/members"] = paged([]object{
		{"id": 3, "username": "alice", "state": "active", "access_level": 30}, {"id": 4, "username": "bob", "state": "blocked", "access_level": 30},
		{"id": 5, "username": "carol", "state": "active", "access_level": 5},
	})
	m := s.client(t).Members
	if got, err := m.TeamMembers(t.Context(), "acme/tools", "reviewers"); err != nil || !slices.Equal(got, []string{"alice"}) {
		t.Errorf("team %v, %v", got, err)
	}
	if _, err := m.TeamMembers(t.Context(), "acme/tools", "others"); !errors.Is(err, scm.ErrNotFound) {
		t.Errorf("a team that there is not: %v", err)
	}
}

func TestRepositoriesOfAGroupOrAUser(t *testing.T) {
	s := newServer(t)
	one := func(id int, path string) object {
		return object{"id": id, "path_with_namespace": path, "default_branch": "trunk", "visibility": "internal",
			"http_url_to_repo": "http://gitlab.test/" + path + ".git", "web_url": "http://gitlab.test/" + path}
	}
	s.routes["GET groups/acme/projects"] = paged([]object{one(7, "acme/tools/app"), one(8, "acme/web")})
	s.routes["GET users/alice/projects"] = paged([]object{one(9, "alice/notes")})
	r := s.client(t).Repositories
	got, err := r.List(t.Context(), "acme")
	want := scm.Repository{Repo: repo, ID: "7", DefaultBranch: "trunk", CloneURL: "http://gitlab.test/acme/tools/app.git", Link: "http://gitlab.test/acme/tools/app", Private: true}
	if err != nil || len(got) != 2 {
		t.Fatalf("repositories %v, %v", got, err)
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("repository (-want +got):\n%s", diff)
	}
	if got, err := r.List(t.Context(), "alice"); err != nil || len(got) != 1 || got[0].Repo.Name != "notes" {
		t.Errorf("repositories of a user %v, %v", got, err)
	}
}

// installed is a webhook as GitLab tells of one that Pharos made.
func installed(more object) object {
	h := object{
		"id": 5, "url": "https://pharos.test/hook/main", "push_events": true, "tag_push_events": true, "merge_requests_events": true, "note_events": true,
		"confidential_note_events": true, "issues_events": true, "confidential_issues_events": true, "enable_ssl_verification": true,
		"push_events_branch_filter": "", "branch_filter_strategy": "all_branches", "alert_status": "executable", "token_present": true,
	}
	for k, v := range more {
		h[k] = v
	}
	return h
}

func TestHooksAreJudged(t *testing.T) {
	for name, tc := range map[string]struct {
		more object
		want scm.Hook
	}{
		"as it was made":           {nil, scm.Hook{Active: true, Complete: true, SecretSet: true}},
		"with jobs as well":        {object{"job_events": true}, scm.Hook{Active: true, Complete: true, SecretSet: true}},
		"with pipelines":           {object{"pipeline_events": true}, scm.Hook{Active: true, SecretSet: true}},
		"without notes":            {object{"note_events": false}, scm.Hook{Active: true, SecretSet: true}},
		"of some branches":         {object{"push_events_branch_filter": "main", "branch_filter_strategy": "wildcard"}, scm.Hook{Active: true, SecretSet: true}},
		"with another body":        {object{"custom_webhook_template": "{}"}, scm.Hook{Active: true, SecretSet: true}},
		"that tells of members":    {object{"member_events": true}, scm.Hook{Active: true, SecretSet: true}},
		"that trusts anybody":      {object{"enable_ssl_verification": false}, scm.Hook{Active: true, SecretSet: true}},
		"that is given up":         {object{"alert_status": "disabled"}, scm.Hook{Complete: true, SecretSet: true}},
		"that rests for a while":   {object{"alert_status": "temporarily_disabled"}, scm.Hook{Active: true, Complete: true, SecretSet: true}},
		"without a secret":         {object{"token_present": false, "signing_token_present": false}, scm.Hook{Active: true, Complete: true}},
		"that signs":               {object{"token_present": false, "signing_token_present": true}, scm.Hook{Active: true, Complete: true, SecretSet: true}},
		"of a server that is mute": {object{"token_present": nil}, scm.Hook{Active: true, Complete: true, SecretSet: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.routes["GET "+project+"/hooks"] = paged([]object{installed(tc.more)})
			got, err := s.client(t).Hooks.List(t.Context(), scm.HookTarget(repo))
			tc.want.ID, tc.want.URL = "5", "https://pharos.test/hook/main"
			if diff := cmp.Diff([]scm.Hook{tc.want}, got); diff != "" || err != nil {
				t.Errorf("hooks (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func TestHooksAreWritten(t *testing.T) {
	s := newServer(t)
	group := scm.HookTarget{Connection: "main", Org: "acme/tools"}
	s.on("POST groups/acme%2Ftools/hooks", installed(nil))
	s.on("PUT "+project+"/hooks/5", installed(nil))
	h := s.client(t).Hooks
	if err := h.Create(t.Context(), group, scm.NewHook{URL: "https://pharos.test/hook/main", Secret: "s3cret"}); err != nil {
		t.Error(err)
	}
	for _, part := range []string{`"url":"https://pharos.test/hook/main"`, `"token":"s3cret"`, `"push_events":true`, `"pipeline_events":false`, `"subgroup_events":false`, `"enable_ssl_verification":true`} {
		if !strings.Contains(s.requests[0].Body, part) {
			t.Errorf("%s does not hold %s", s.requests[0].Body, part)
		}
	}
	if strings.Contains(s.requests[0].Body, "job_events") {
		t.Errorf("job events are written: %s", s.requests[0].Body)
	}
	if err := h.Update(t.Context(), scm.HookTarget(repo), "5", scm.NewHook{URL: "https://pharos.test/hook/main", Secret: "s3cret"}); err != nil || len(s.requests) != 2 {
		t.Errorf("update: %v, calls %v", err, s.lines())
	}
	if strings.Contains(s.requests[1].Body, "subgroup_events") {
		t.Errorf("a project has no subgroups: %s", s.requests[1].Body)
	}
	if err := h.Delete(t.Context(), scm.HookTarget(repo), "5"); err != nil {
		t.Errorf("what is gone is deleted: %v", err)
	}
	s.fail("POST groups/acme%2Ftools/hooks", http.StatusForbidden, "403 Forbidden")
	if err := h.Create(t.Context(), group, scm.NewHook{URL: "https://pharos.test"}); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("a group without a plan: %v", err)
	}
}

func TestAHookThatWasGivenUpIsMadeAnew(t *testing.T) {
	s := newServer(t)
	s.on("PUT "+project+"/hooks/5", installed(object{"alert_status": "disabled"}))
	s.on("POST "+project+"/hooks", installed(object{"id": 6}))
	s.on("DELETE "+project+"/hooks/5", nil)
	if err := s.client(t).Hooks.Update(t.Context(), scm.HookTarget(repo), "5", scm.NewHook{URL: "https://pharos.test", Secret: "s3cret"}); err != nil {
		t.Error(err)
	}
	if want := []string{"PUT " + project + "/hooks/5", "POST " + project + "/hooks", "DELETE " + project + "/hooks/5"}; !slices.Equal(s.lines(), want) {
		t.Errorf("calls %v, want %v", s.lines(), want)
	}
}

func TestASecretThatSigns(t *testing.T) {
	s := newServer(t)
	s.on("POST "+project+"/hooks", installed(object{"token_present": false, "signing_token_present": true}))
	h := s.client(t).Hooks
	wanted := scm.NewHook{URL: "https://pharos.test", Secret: signingSecret}
	if err := h.Create(t.Context(), scm.HookTarget(repo), wanted); err != nil || !strings.Contains(s.requests[0].Body, `"token":"","signing_token":"whsec_`) {
		t.Errorf("error %v, sent %s", err, s.requests[0].Body)
	}
	s.on("POST "+project+"/hooks", installed(object{"token_present": false}))
	if err := h.Create(t.Context(), scm.HookTarget(repo), wanted); !errors.Is(err, scm.ErrUnsupported) {
		t.Errorf("a server that cannot sign: %v", err)
	}
}
