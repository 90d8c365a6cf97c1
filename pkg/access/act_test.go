package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// run is a postsubmit's.
func run(name string) *v1alpha1.PipelineJob {
	r := repo(name)
	pj := &v1alpha1.PipelineJob{}
	pj.Name = "unit-1"
	pj.Spec = v1alpha1.PipelineJobSpec{
		Type: v1alpha1.Postsubmit, Job: "unit", Connection: "main", Refs: &v1alpha1.Refs{Org: r.Org, Repo: r.Name, BaseRef: "main"},
	}
	return pj
}

// pull is a run of a presubmit on acme/app#7.
func pull() *v1alpha1.PipelineJob {
	pj := run("acme/app")
	pj.Spec.Type = v1alpha1.Presubmit
	pj.Spec.Refs.Pulls = []v1alpha1.Pull{{Number: 7, Author: "carol"}}
	return pj
}

// configured compiles a job "unit" of each repository and type.
func configured(t *testing.T, config *job.RerunAuthConfig) *job.Set {
	t.Helper()
	base := func() job.Base {
		return job.Base{
			Name: "unit", Cluster: "build", RerunAuthConfig: config, Source: job.Source{File: "config.yaml", Line: 12},
			Spec: &corev1.PodSpec{Containers: []corev1.Container{{Name: "test", Image: "alpine", Command: []string{"true"}}}},
		}
	}
	static := job.Static{
		Presubmits: map[string][]*job.Presubmit{}, Postsubmits: map[string][]*job.Postsubmit{},
		Periodics: []*job.Periodic{{Base: base(), Cron: "@daily"}},
	}
	for _, key := range []string{"acme/app", "acme/web", "acme/secret", "umbrella/app"} {
		static.Presubmits[key] = []*job.Presubmit{{Base: base()}}
		static.Postsubmits[key] = []*job.Postsubmit{{Base: base()}}
	}
	set, problems := job.Compile(static, job.Defaults{Connection: "main"})
	for _, p := range problems {
		t.Log(p)
	}
	return set
}

func TestWhoMayRunAJobAgain(t *testing.T) {
	team := job.GitHubTeamSlug{Org: "acme", Slug: "release"}
	for name, tc := range map[string]struct {
		user *login.User
		run  *v1alpha1.PipelineJob
		own  *job.RerunAuthConfig
		deck *job.RerunAuthConfig
		set  func(*install)
		want bool
		// reason is part of what is said.
		reason string
		login  bool
	}{
		"not nobody":                              {nil, run("acme/app"), nil, nil, nil, false, "log in at main", true},
		"not a user of another forge":             {foreign, run("acme/app"), nil, nil, nil, false, "you are other:alice: log in at main", true},
		"who may write":                           {alice, run("acme/app"), nil, nil, nil, true, "alice may write to acme/app", false},
		"not who may read alone":                  {bob, run("acme/app"), nil, nil, nil, false, "you are main:bob, and only those who may write to acme/app", false},
		"anybody if the job says so":              {nil, run("acme/app"), &job.RerunAuthConfig{AllowAnyone: true}, nil, nil, true, "job unit (config.yaml:12) allows anyone", false},
		"anybody if the dashboard says so":        {nil, run("acme/app"), nil, &job.RerunAuthConfig{AllowAnyone: true}, nil, true, "deck allows anyone", false},
		"a private job not by allow_anyone":       {nil, run("acme/secret"), &job.RerunAuthConfig{AllowAnyone: true}, nil, nil, false, "log in at main", true},
		"a private job not by a writer elsewhere": {alice, run("acme/secret"), &job.RerunAuthConfig{AllowAnyone: true}, nil, nil, false, "you may not read acme/secret", false},
		"a user by name, in any case":             {bob, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"BOB"}}, nil, nil, true, "allows bob", false},
		"a user by name with an @":                {bob, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"@bob"}}, nil, nil, true, "allows bob", false},
		"not who may write, where others are named": {alice, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"bob"}, GitHubOrgs: []string{"acme"}, GitHubTeamSlugs: []job.GitHubTeamSlug{team}}, nil, nil, false,
			"you are main:alice, and rerun_auth_config of job unit (config.yaml:12) allows bob; members of acme; teams acme/release", false},
		"not the namesake of another forge":                 {foreign, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"alice"}}, nil, nil, false, "log in at main", true},
		"a member of an organisation":                       {bob, run("acme/app"), &job.RerunAuthConfig{GitHubOrgs: []string{"acme"}}, nil, func(i *install) { i.main.members["acme bob"] = true }, true, "allows bob", false},
		"a member of a team":                                {bob, run("acme/app"), &job.RerunAuthConfig{GitHubTeamSlugs: []job.GitHubTeamSlug{team}}, nil, func(i *install) { i.main.teams["acme/release"] = []string{"Bob"} }, true, "allows bob", false},
		"not by a team that there is not":                   {bob, run("acme/app"), &job.RerunAuthConfig{GitHubTeamSlugs: []job.GitHubTeamSlug{team}}, nil, nil, false, "teams acme/release", false},
		"not by a team's number":                            {bob, run("acme/app"), &job.RerunAuthConfig{GitHubTeamIDs: []int{7}}, nil, nil, false, "name the teams in github_team_slugs", false},
		"by the dashboard's rule beside the job's":          {bob, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"carol"}}, &job.RerunAuthConfig{GitHubUsers: []string{"bob"}}, nil, true, "deck allows bob", false},
		"on a pull request who may write, whoever is named": {alice, pull(), &job.RerunAuthConfig{GitHubUsers: []string{"bob"}}, nil, nil, true, "alice may test acme/app#7", false},
		"on a pull request a member":                        {bob, pull(), nil, nil, func(i *install) { i.main.members["acme bob"] = true }, true, "bob may test", false},
		"on a pull request not its author":                  {carol, pull(), nil, nil, nil, false, "your /test would not be obeyed", false},
		"on a pull request its author whom somebody vouched for": {carol, pull(), nil, nil, func(i *install) {
			i.main.pulls[7] = &scm.PullRequest{Author: scm.User{Login: "Carol", ID: "3"}, Labels: []string{"ok-to-test"}}
		}, true, "carol may test", false},
		"on a pull request nobody else for that": {bob, pull(), nil, nil, func(i *install) {
			i.main.pulls[7] = &scm.PullRequest{Author: scm.User{Login: "carol", ID: "3"}, Labels: []string{"ok-to-test"}}
		}, false, "would not be obeyed", false},
		"on a pull request its author where labels are a comment's": {carol, pull(), nil, nil, func(i *install) {
			i.main.pulls[7] = &scm.PullRequest{Author: scm.User{Login: "carol", ID: "3"}}
			i.main.labels = []string{"ok-to-test"}
		}, true, "carol may test", false},
		"not the author's namesake where names are anybody's": {carol, pull(), nil, nil, func(i *install) {
			i.main.openNames = true
			i.main.pulls[7] = &scm.PullRequest{Author: scm.User{Login: "carol", ID: "9"}, Labels: []string{"ok-to-test"}}
		}, false, "would not be obeyed", false},
		"by id where names are anybody's":       {bob, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"2"}}, nil, func(i *install) { i.main.openNames = true }, true, "allows bob", false},
		"not by name where names are anybody's": {bob, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"bob"}}, nil, func(i *install) { i.main.openNames = true }, false, "allows bob", false},
		"a job without repository nobody": {alice, func() *v1alpha1.PipelineJob {
			pj := run("acme/app")
			pj.Spec.Type, pj.Spec.Refs = v1alpha1.Periodic, nil
			return pj
		}(), nil, nil, nil, false, "the job has no repository", false},
		"a periodic who may write to what it checks out": {alice, func() *v1alpha1.PipelineJob {
			pj := run("acme/app")
			pj.Spec.Type, pj.Spec.ExtraRefs, pj.Spec.Refs = v1alpha1.Periodic, []v1alpha1.Refs{*pj.Spec.Refs}, nil
			return pj
		}(), nil, nil, nil, true, "may write", false},
		"not who may not read all that it checks out": {alice, func() *v1alpha1.PipelineJob {
			pj := run("acme/app")
			pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: "secret"}}
			return pj
		}(), nil, nil, nil, false, "you may not read acme/secret", false},
		"nobody while the forge is down": {alice, run("acme/app"), nil, nil, func(i *install) {
			i.settings.Reading, i.main.err = access.ReadAll, scm.ErrTransient
		}, false, "try again in a moment", false},
		"who is named, whatever else cannot be found out": {bob, run("acme/app"), &job.RerunAuthConfig{GitHubUsers: []string{"bob"}}, nil, func(i *install) {
			i.settings.Reading, i.main.err = access.ReadAll, scm.ErrTransient
		}, true, "allows bob", false},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInstall(nil)
			i.main.repos = map[string]bool{"acme/app": false, "acme/secret": true}
			i.main.permissions["acme/app alice"] = scm.PermissionWrite
			i.main.permissions["acme/app bob"] = scm.PermissionRead
			i.settings.Jobs = configured(t, tc.own)
			if tc.deck != nil {
				i.settings.Defaults = []access.Default{{Config: tc.deck}}
			}
			if tc.set != nil {
				tc.set(i)
			}
			down := i.main.err != nil && !tc.want
			for what, may := range map[string]func(context.Context, *login.User, *v1alpha1.PipelineJob) (access.Verdict, error){"rerun": i.MayRerun, "abort": i.MayAbort} {
				v, err := may(t.Context(), tc.user, tc.run)
				if v.Allowed != tc.want || v.Login != tc.login || !strings.Contains(v.Reason, tc.reason) || (err != nil) != down {
					t.Errorf("%s: %+v, %v, want %v with %q", what, v, err, tc.want, tc.reason)
				}
			}
		})
	}
}

func TestWithoutALoginNobodyActs(t *testing.T) {
	i := newInstall(func(o *access.Options) { o.Offers = nil })
	i.main.repos["acme/app"] = false
	v, err := i.MayRerun(t.Context(), nil, run("acme/app"))
	if v.Allowed || v.Login || err != nil || !strings.Contains(v.Reason, "an administrator has to configure") {
		t.Errorf("%+v, %v", v, err)
	}
	i.settings.Defaults = []access.Default{{Config: &job.RerunAuthConfig{AllowAnyone: true}}}
	if v, err := i.MayRerun(t.Context(), nil, run("acme/app")); !v.Allowed || err != nil {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTheTriggersOwnOpinionCounts(t *testing.T) {
	var asked []string
	i := newInstall(func(o *access.Options) {
		o.Tests = func(_ context.Context, pull scm.PullRef, user scm.User) (bool, error) {
			asked = append(asked, pull.String()+" "+user.Login)
			return user.Login == "carol", nil
		}
	})
	i.main.repos["acme/app"] = false
	for _, user := range []*login.User{carol, bob, carol} {
		v, err := i.MayRerun(t.Context(), user, pull())
		if v.Allowed != (user == carol) || err != nil {
			t.Errorf("%v: %+v, %v", user, v, err)
		}
	}
	if diff := cmp.Diff([]string{"main:acme/app#7 carol", "main:acme/app#7 bob"}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestWhoMayReplayADelivery(t *testing.T) {
	delivery := func(subject string) *v1alpha1.Delivery {
		return &v1alpha1.Delivery{Spec: v1alpha1.DeliverySpec{Connection: "main", Subject: subject}}
	}
	for name, tc := range map[string]struct {
		user    *login.User
		subject string
		down    bool
		want    bool
		reason  string
		err     bool
	}{
		"who may write":                  {alice, "main:acme/app#7", false, true, "may write", false},
		"not who may read alone":         {bob, "main:acme/app@0123abcd", false, false, "you are main:bob, and only those who may write", false},
		"not nobody":                     {nil, "main:acme/app", false, false, "log in at main", false},
		"not of what he may not read":    {alice, "main:acme/secret", false, false, "you may not read", false},
		"not while the forge is down":    {alice, "main:acme/app", true, false, "try again", true},
		"not of a subject that says nil": {alice, "nonsense", false, false, "does not say which repository", true},
		"not of another connection's":    {alice, "other:acme/app", false, false, "does not say which repository", true},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInstall(nil)
			i.main.repos = map[string]bool{"acme/app": false, "acme/secret": true}
			i.main.permissions["acme/app alice"] = scm.PermissionWrite
			if tc.down {
				i.main.err = scm.ErrTransient
			}
			v, err := i.MayReplay(t.Context(), tc.user, delivery(tc.subject))
			if v.Allowed != tc.want || !strings.Contains(v.Reason, tc.reason) || (err != nil) != tc.err {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

func TestTheRepositoryOfADelivery(t *testing.T) {
	for subject, want := range map[string]string{
		"main:acme/app": "acme/app", "main:acme/app#7": "acme/app", "main:acme/app@abc": "acme/app", "main:a/b/c#1": "a/b/c",
		"main:~me@home/app": "~me@home/app",
	} {
		got, err := access.RepoOf(&v1alpha1.Delivery{Spec: v1alpha1.DeliverySpec{Connection: "main", Subject: subject}})
		if err != nil || got.FullName() != want {
			t.Errorf("%s is about %v, %v", subject, got, err)
		}
	}
}

func TestTheDashboardsLastMatchingRuleCounts(t *testing.T) {
	rules := access.DefaultsOf(map[string]job.RerunAuthConfig{
		"acme/app": {GitHubUsers: []string{"of-app"}}, "*": {GitHubUsers: []string{"of-all"}}, "acme": {GitHubUsers: []string{"of-acme"}},
		"other:acme/app": {GitHubUsers: []string{"of-other"}},
	}, "main")
	for name, tc := range map[string]struct {
		rules []access.Default
		repo  string
		want  string
	}{
		"a repository's before its organisation's": {rules, "acme/app", "of-app"},
		"an organisation's before all others'":     {rules, "acme/web", "of-acme"},
		"all others'":                              {rules, "umbrella/app", "of-all"},
		"a cluster's":                              {append(rules, access.NewDefault("*", "build", "main", &job.RerunAuthConfig{GitHubUsers: []string{"of-build"}})), "acme/app", "of-build"},
		"not another cluster's":                    {append(rules, access.NewDefault("*", "other", "main", &job.RerunAuthConfig{GitHubUsers: []string{"of-build"}})), "acme/app", "of-app"},
		"not that of a namesake":                   {[]access.Default{access.NewDefault("acm", "", "main", &job.RerunAuthConfig{GitHubUsers: []string{"of-acm"}})}, "acme/app", "may write"},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInstall(nil)
			i.main.repos[tc.repo] = false
			i.settings.Defaults = tc.rules
			i.settings.Jobs = configured(t, nil)
			v, err := i.MayRerun(t.Context(), alice, run(tc.repo))
			if err != nil || v.Allowed || !strings.Contains(v.Reason, tc.want) {
				t.Errorf("%+v, %v, want a reason with %q", v, err, tc.want)
			}
		})
	}
}

func TestBy(t *testing.T) {
	if got := access.By(nil) + " " + access.By(alice); got != "anonymous main:alice" {
		t.Error(got)
	}
}

func TestAnErrorOfAClientIsNo(t *testing.T) {
	i := newInstall(nil)
	i.main.repos["acme/app"] = false
	i.main.err = errors.New("nonsense")
	if ok, err := i.MayRead(t.Context(), alice, repo("acme/app")); ok || err == nil {
		t.Errorf("may read is %v, %v", ok, err)
	}
}

func FuzzTheRepositoryOfADelivery(f *testing.F) {
	for _, seed := range []string{"main:acme/app", "main:acme/app#7", "main:a/b/c@d", "main:", ":", "main:#/@", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		repo, err := access.RepoOf(&v1alpha1.Delivery{Spec: v1alpha1.DeliverySpec{Connection: "main", Subject: subject}})
		if err == nil && !strings.HasPrefix(subject, repo.String()) {
			t.Errorf("%q is about %v", subject, repo)
		}
	})
}
