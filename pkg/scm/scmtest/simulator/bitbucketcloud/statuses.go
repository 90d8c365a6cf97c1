package bitbucketcloud

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) statuses() {
	s.in("GET /commit/{sha}", scm.PermissionRead, at(func(c *call, sha string) (answer, error) { return ok(c.view().commitAt(c.repo, sha)) }))
	s.in("GET /commit/{sha}/statuses", scm.PermissionRead, at(listStatuses))
	s.in("POST /commit/{sha}/statuses/build", scm.PermissionWrite, at(setStatus))
}

// at finds the commit of the path, of which the first digits are enough.
func at(h func(*call, string) (answer, error)) handler {
	return func(c *call) (answer, error) {
		sha := c.repo.Resolve(c.PathValue("sha"))
		if sha == "" {
			return fail(missing("Commit"))
		}
		return h(c, sha)
	}
}

// listStatuses has one status of each key, in the order of when they were set.
func listStatuses(c *call, sha string) (answer, error) {
	show := func(s *simulator.Status) map[string]any { return c.view().status(c.repo, sha, s) }
	var all []*simulator.Status
	for _, s := range c.repo.Statuses[sha] {
		all = append(slices.DeleteFunc(all, func(other *simulator.Status) bool { return other.Key == s.Key }), s)
	}
	all, err := filter(c, all, show)
	if err != nil {
		return fail(err)
	}
	return list(c, things, all, show)
}

// Lengths of a status's texts, in characters.
const (
	maxKey  = 40
	maxName = 255
)

func setStatus(c *call, sha string) (answer, error) {
	in, err := decode[struct{ Key, Name, State, Description, URL string }](c)
	if err != nil {
		return fail(err)
	}
	var state scm.StatusState
	for ours, theirs := range statusStates {
		if theirs == in.State {
			state = ours
		}
	}
	address, err := url.Parse(in.URL)
	switch {
	case in.Key == "":
		return fail(bad("key", "This field is required."))
	case utf8.RuneCountInString(in.Key) > maxKey:
		return fail(tooLong("key", in.Key, maxKey))
	case utf8.RuneCountInString(in.Name) > maxName:
		return fail(tooLong("name", in.Name, maxName))
	case state == "":
		return fail(bad("state", fmt.Sprintf("Select a valid choice. %s is not one of the available choices.", in.State)))
	case in.URL == "":
		return fail(bad("url", "This field is required."))
	case err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return fail(bad("url", "Enter a valid URL."))
	}
	set := c.SetStatus(c.actor, c.repo, sha, in.Key, scm.Status{
		Context: cmp.Or(in.Name, in.Key), State: state, Description: in.Description, TargetURL: in.URL,
	})
	return made(c.view().status(c.repo, sha, set))
}

func tooLong(field, text string, most int) error {
	return bad(field, fmt.Sprintf("Ensure this value has at most %d characters (it has %d).", most, utf8.RuneCountInString(text)))
}
