package chatops_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/scm"
)

type oneForge struct{}

func (oneForge) Client(string) (*scm.Client, error) { return &scm.Client{}, nil }
func (oneForge) Bot(string) string                  { return "bot" }

func pushPlugin(name string, handle func(*chatops.Run) error) chatops.Plugin {
	return chatops.Plugin{Name: name, Push: func(_ context.Context, r *chatops.Run, _ *scm.Push) error { return handle(r) }}
}

func dispatcher(plugins ...chatops.Plugin) *chatops.Dispatcher {
	return &chatops.Dispatcher{
		Plugins: plugins,
		Forges:  oneForge{},
		Enabled: func(scm.Repo) []string { return []string{"a", "b"} },
	}
}

var push = &scm.Push{Meta: scm.Envelope{ID: "1", Repo: scm.Repo{Connection: "main", Org: "acme", Name: "app"}}}

func TestDispatch(t *testing.T) {
	fine := func(r *chatops.Run) error { r.Did("something"); return nil }
	for name, tc := range map[string]struct {
		plugins []chatops.Plugin
		earlier chatops.Report
		want    []v1alpha1.Outcome
		fails   bool
	}{
		"plugins run in their order": {
			plugins: []chatops.Plugin{pushPlugin("a", fine), pushPlugin("b", fine)},
			want:    []v1alpha1.Outcome{{Plugin: "a", Did: []string{"something"}}, {Plugin: "b", Did: []string{"something"}}},
		},
		"a plugin that is not switched on does not run": {
			plugins: []chatops.Plugin{pushPlugin("c", fine)},
		},
		"one failure does not stop the next plugin": {
			plugins: []chatops.Plugin{pushPlugin("a", func(*chatops.Run) error { return scm.ErrTransient }), pushPlugin("b", fine)},
			want:    []v1alpha1.Outcome{{Plugin: "a", Error: scm.ErrTransient.Error()}, {Plugin: "b", Did: []string{"something"}}},
			fails:   true,
		},
		"a panic is that plugin's failure": {
			plugins: []chatops.Plugin{pushPlugin("a", func(*chatops.Run) error { panic("oops") }), pushPlugin("b", fine)},
			want:    []v1alpha1.Outcome{{Plugin: "a", Error: "panic: oops"}, {Plugin: "b", Did: []string{"something"}}},
			fails:   true,
		},
		"what an earlier attempt finished does not run again": {
			plugins: []chatops.Plugin{pushPlugin("a", func(*chatops.Run) error { return errors.New("ran again") }), pushPlugin("b", fine)},
			earlier: chatops.Report{Outcomes: []v1alpha1.Outcome{{Plugin: "a", Did: []string{"before"}}, {Plugin: "b", Error: "down"}}},
			want:    []v1alpha1.Outcome{{Plugin: "a", Did: []string{"before"}}, {Plugin: "b", Did: []string{"something"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dispatcher(tc.plugins...).Dispatch(t.Context(), "d-1", push, tc.earlier)
			if (err != nil) != tc.fails {
				t.Errorf("error = %v, want failure %v", err, tc.fails)
			}
			if diff := cmp.Diff(tc.want, got.Outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTransientFailuresStayRecognisable(t *testing.T) {
	d := dispatcher(pushPlugin("a", func(*chatops.Run) error { return scm.ErrTransient }))
	if _, err := d.Dispatch(t.Context(), "d-1", push, chatops.Report{}); !errors.Is(err, scm.ErrTransient) {
		t.Errorf("error %v does not wrap scm.ErrTransient", err)
	}
}

func TestWantsOnlyWhatAHandlerExistsFor(t *testing.T) {
	d := dispatcher(pushPlugin("a", func(*chatops.Run) error { return nil }))
	if !d.Wants(push) {
		t.Error("a push is not wanted although a plugin handles it")
	}
	if d.Wants(&scm.CommentEvent{Meta: push.Meta}) {
		t.Error("a comment is wanted although no plugin handles it")
	}
}
