package hooks_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/hooks"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func TestCompare(t *testing.T) {
	const door = "https://pharos.test/hook/main"
	on := scm.HookTarget{Connection: "main", Org: "acme", Name: "app"}
	good := scm.Hook{ID: "1", URL: door, Active: true, Complete: true, SecretSet: true}
	with := func(change func(*scm.Hook)) scm.Hook { h := good; change(&h); return h }
	for name, tc := range map[string]struct {
		have   []scm.Hook
		rotate bool
		want   []hooks.Step
	}{
		"a good hook is kept": {[]scm.Hook{good}, false, []hooks.Step{{On: on, Do: hooks.Keep, ID: "1", URL: door}}},
		"other tools' hooks are left alone": {
			[]scm.Hook{{ID: "7", URL: "https://prow.test/hook"}, {ID: "8", URL: "https://pharos.test/hook/other"}, {ID: "9", URL: "://"}}, false,
			[]hooks.Step{{On: on, Do: hooks.Create, URL: door, Why: "there is none"}}},
		"a hook that is off is repaired": {[]scm.Hook{with(func(h *scm.Hook) { h.Active = false })}, false,
			[]hooks.Step{{On: on, Do: hooks.Repair, ID: "1", URL: door, Why: "it is switched off"}}},
		"a hook of other events and without a secret is repaired": {[]scm.Hook{with(func(h *scm.Hook) { h.Complete, h.SecretSet = false, false })}, false,
			[]hooks.Step{{On: on, Do: hooks.Repair, ID: "1", URL: door, Why: "its events or its format are others, it has no secret"}}},
		"a secret in the address goes away, and is not shown": {[]scm.Hook{with(func(h *scm.Hook) { h.URL = door + "?secret=hush" })}, false,
			[]hooks.Step{{On: on, Do: hooks.Repair, ID: "1", URL: door, Why: "its address is https://pharos.test/hook/main?..."}}},
		"a new secret is set on a good hook": {[]scm.Hook{good}, true,
			[]hooks.Step{{On: on, Do: hooks.Repair, ID: "1", URL: door, Why: "the secret is set anew"}}},
		"of two hooks the better one stays": {
			[]scm.Hook{with(func(h *scm.Hook) { h.ID, h.Active = "2", false }), good}, false,
			[]hooks.Step{{On: on, Do: hooks.Keep, ID: "1", URL: door}, {On: on, Do: hooks.Remove, ID: "2", URL: door, Why: "doubles hook 1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := hooks.Compare(on, tc.have, hooks.Wish{NewHook: scm.NewHook{URL: door, Secret: "hush"}, Rotate: tc.rotate})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}
