package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Verdict says whether somebody may do something.
type Verdict struct {
	Allowed bool
	// Reason in words for people: of a refusal, with what would help; else what allows it.
	Reason string
	// Login says that logging in might help.
	Login bool
}

// AnnotationRerunBy and AnnotationRerunOf say on a run who started it again, as [By] names him, and which run he started again.
const (
	AnnotationRerunBy = "pharos-ci.dev/rerun-by"
	AnnotationRerunOf = "pharos-ci.dev/rerun-of"
)

// By names who did something, for annotations and messages: "connection:login", or "anonymous".
func By(user *login.User) string {
	if user == nil {
		return "anonymous"
	}
	return user.String()
}

// MayRerun says whether a user may start a run again. Allowed is he whom the rerun_auth_config of the job or the dashboard's
// allows, as in Prow; for a pull request's job also he whose /test would be obeyed there; and where no such configuration is
// about the run, he who may write to the repository. Nobody may start again what he may not read. An error means no.
func (a *Access) MayRerun(ctx context.Context, user *login.User, pj *v1alpha1.PipelineJob) (Verdict, error) {
	return a.mayRun(ctx, user, pj)
}

// MayAbort follows the rules of MayRerun, as in Prow.
func (a *Access) MayAbort(ctx context.Context, user *login.User, pj *v1alpha1.PipelineJob) (Verdict, error) {
	return a.mayRun(ctx, user, pj)
}

func (a *Access) mayRun(ctx context.Context, user *login.User, pj *v1alpha1.PipelineJob) (Verdict, error) {
	for _, repo := range Repos(pj) {
		if v, err := a.reads(ctx, user, repo); err != nil || !v.Allowed {
			return v, err
		}
	}
	settings := a.Settings()
	rules := settings.rules(pj)
	for _, r := range rules {
		if r.config.AllowAnyone {
			return Verdict{Allowed: true, Reason: r.where + " allows anyone"}, nil
		}
	}
	if at(pj.Spec.Connection, user) == nil {
		return a.stranger(pj.Spec.Connection, user), nil
	}
	c := &candidate{a, user, pj.Spec.Connection}
	return c.weigh(ctx, pj, rules)
}

// reads refuses what somebody may not even read, without saying more about it.
func (a *Access) reads(ctx context.Context, user *login.User, repo scm.Repo) (Verdict, error) {
	may, err := a.MayRead(ctx, user, repo)
	switch {
	case err != nil:
		return Verdict{Reason: "the forge does not say what you may read; try again in a moment"}, err
	case !may:
		v := Verdict{Reason: "you may not read " + repo.FullName()}
		if at(repo.Connection, user) == nil {
			v = a.stranger(repo.Connection, user)
		}
		return v, nil
	}
	return Verdict{Allowed: true}, nil
}

// stranger is the refusal of somebody who is not logged in at a connection.
func (a *Access) stranger(connection string, user *login.User) Verdict {
	switch {
	case !a.Offers(connection):
		return Verdict{Reason: "nobody can log in at " + connection + ": an administrator has to configure its login, or allow_anyone in a rerun_auth_config"}
	case user != nil:
		return Verdict{Login: true, Reason: "you are " + user.String() + ": log in at " + connection}
	}
	return Verdict{Login: true, Reason: "log in at " + connection}
}

// weigh goes from what is cheap to find out to what is dear. A question that fails does not keep a later one from allowing.
func (c *candidate) weigh(ctx context.Context, pj *v1alpha1.PipelineJob, rules []rule) (Verdict, error) {
	var failed []error
	var reasons []string
	for _, r := range rules {
		ok, err := c.named(ctx, r.config)
		if ok {
			return Verdict{Allowed: true, Reason: r.where + " allows " + c.user.Login}, nil
		}
		failed = append(failed, err)
		reasons = append(reasons, r.allows())
	}
	repo := subject(pj)
	if pull, ok := pullOf(pj); ok {
		ok, err := c.tests(ctx, pull)
		if ok {
			return Verdict{Allowed: true, Reason: c.user.Login + " may test " + repo.FullName() + "#" + strconv.Itoa(pull.Number)}, nil
		}
		failed = append(failed, err)
		reasons = append(reasons, "your /test would not be obeyed on this pull request")
	}
	switch {
	case len(rules) > 0:
	case repo.Name == "":
		reasons = append(reasons, "the job has no repository: an administrator can name you in its rerun_auth_config")
	default:
		v, err := c.writes(ctx, repo)
		if v.Allowed {
			return v, nil
		}
		failed = append(failed, err)
		reasons = append(reasons, v.Reason)
	}
	if err := errors.Join(failed...); err != nil {
		return Verdict{Reason: "the forge does not say what you may do; try again in a moment"}, fmt.Errorf("ask what %v may do with run %s: %w", c.user, pj.Name, err)
	}
	return Verdict{Reason: "you are " + c.user.String() + ", and " + strings.Join(reasons, "; ")}, nil
}

// pullOf is the pull request that a run tests alone.
func pullOf(pj *v1alpha1.PipelineJob) (scm.PullRef, bool) {
	if pj.Spec.Type != v1alpha1.Presubmit || pj.Spec.Refs == nil || len(pj.Spec.Refs.Pulls) != 1 {
		return scm.PullRef{}, false
	}
	return scm.PullRef{Repo: subject(pj), Number: pj.Spec.Refs.Pulls[0].Number}, true
}

// MayReplay says whether a user may have a delivery processed again: he who may write to its repository. An error means no.
func (a *Access) MayReplay(ctx context.Context, user *login.User, d *v1alpha1.Delivery) (Verdict, error) {
	repo, err := RepoOf(d)
	if err != nil {
		return Verdict{Reason: "the delivery does not say which repository it is about"}, err
	}
	if v, err := a.reads(ctx, user, repo); err != nil || !v.Allowed {
		return v, err
	}
	if at(repo.Connection, user) == nil {
		return a.stranger(repo.Connection, user), nil
	}
	v, err := (&candidate{a, user, repo.Connection}).writes(ctx, repo)
	switch {
	case err != nil:
		return Verdict{Reason: "the forge does not say what you may do; try again in a moment"}, err
	case !v.Allowed:
		v.Reason = "you are " + user.String() + ", and " + v.Reason
	}
	return v, nil
}

// RepoOf is the repository that a delivery is about, by its subject: "connection:org/name", with "#number" or "@commit" behind
// it.
func RepoOf(d *v1alpha1.Delivery) (scm.Repo, error) {
	name, ok := strings.CutPrefix(d.Spec.Subject, d.Spec.Connection+":")
	if !ok {
		return scm.Repo{}, fmt.Errorf("subject %q of delivery %s is not of connection %s", d.Spec.Subject, d.Name, d.Spec.Connection)
	}
	if i := strings.LastIndexAny(name, "#@/"); i >= 0 && name[i] != '/' {
		name = name[:i]
	}
	repo, err := scm.ParseRepo(d.Spec.Connection, name)
	if err != nil {
		return scm.Repo{}, fmt.Errorf("read subject of delivery %s: %w", d.Name, err)
	}
	return repo, nil
}

// hasFold says whether names hold a name, as forges compare them.
func hasFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(one string) bool { return strings.EqualFold(one, name) })
}
