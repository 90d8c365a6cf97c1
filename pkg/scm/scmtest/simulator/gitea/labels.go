package gitea

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) labels() {
	s.in("GET /labels", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.labels(counted(c, c.repo.Labels))) })
	s.in("POST /labels", scm.PermissionWrite, createLabel)
	s.in("GET /issues/{number}/labels", scm.PermissionRead, withThing(func(c *call, t *simulator.Thing) (answer, error) {
		return ok(c.labels(t.Labels))
	}))
	s.in("POST /issues/{number}/labels", scm.PermissionRead, withThing(addLabels))
	s.in("DELETE /issues/{number}/labels/{id}", scm.PermissionRead, withThing(removeLabel))
}

func (c *call) labels(all []*simulator.Label) []map[string]any { return c.view().labels(c.repo, all) }

var color = regexp.MustCompile(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)

// createLabel makes another label where there is one of the name.
func createLabel(c *call) (answer, error) {
	in, err := decode[struct{ Name, Color string }](c)
	switch {
	case err != nil:
		return fail(err)
	case in.Name == "":
		return fail(invalid("[Name]: Required"))
	case !color.MatchString(in.Color):
		return fail(invalid("invalid color: " + in.Color))
	}
	l := &simulator.Label{ID: c.NextID(), Name: in.Name}
	c.repo.Labels = append(c.repo.Labels, l)
	return made(c.view().label(c.repo)(l))
}

// errLabeler refuses those who may only read.
var errLabeler = forbidden("write permission is required")

// addLabels passes over what no label is, and tells webhooks of labels whether or not there are more of them now.
func addLabels(c *call, t *simulator.Thing) (answer, error) {
	if !c.may(scm.PermissionWrite) {
		return fail(errLabeler)
	}
	in, err := decode[struct{ Labels json.RawMessage }](c)
	if err != nil {
		return fail(err)
	}
	var names []string
	var ids []int
	if json.Unmarshal(in.Labels, &names) != nil && json.Unmarshal(in.Labels, &ids) != nil {
		return fail(&refusal{http.StatusBadRequest, "labels should be an array of strings or integers"})
	}
	for _, l := range c.repo.Labels {
		wanted := slices.Contains(names, l.Name) || slices.Contains(ids, l.ID)
		if wanted && !slices.Contains(t.Labels, l) {
			t.Labels = append(t.Labels, l)
		}
	}
	c.TellLabels(c.actor, t)
	return ok(c.labels(t.Labels))
}

// removeLabel succeeds for a label that is not on, and refuses one that the repository does not know.
func removeLabel(c *call, t *simulator.Thing) (answer, error) {
	if !c.may(scm.PermissionWrite) {
		return fail(errLabeler)
	}
	if !slices.ContainsFunc(c.repo.Labels, func(l *simulator.Label) bool { return l.ID == c.id() }) {
		return fail(invalid("label does not exist [label_id: 0]"))
	}
	t.Labels = slices.DeleteFunc(t.Labels, func(l *simulator.Label) bool { return l.ID == c.id() })
	c.TellLabels(c.actor, t)
	return none()
}
