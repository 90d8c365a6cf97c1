package dashboard_test

import (
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/dashboard"
)

func TestTheConfigurationIsShownWithItsMistakes(t *testing.T) {
	l := newLab()
	for _, quiet := range []string{"No warnings.", "Configuration</a>"} {
		if body := get(t, l, "/config").Body.String(); !strings.Contains(body, quiet) {
			t.Errorf("no %q in:\n%s", quiet, body)
		}
	}
	if body := get(t, l, "/api/config").Body.String(); strings.TrimSpace(body) != `{"revision":"","warnings":[],"refused":[]}` {
		t.Errorf("an empty configuration is %s", body)
	}

	l.config = dashboard.Configuration{
		Revision: "0123abcd",
		Warnings: []dashboard.Finding{{Place: "plugins.yaml:3:1", Message: "unknown key <lgmt>", Remedy: "did you mean lgtm?"}},
		Refused:  []dashboard.Finding{{Place: "config.yaml:7:3", Message: "no such type"}},
	}
	body := get(t, l, "/config").Body.String()
	for _, want := range []string{
		"Revision 0123abcd", "plugins.yaml:3:1", "unknown key &lt;lgmt&gt;", "did you mean lgtm?", "config.yaml:7:3", "are not used",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in:\n%s", want, body)
		}
	}
	if body := get(t, l, "/").Body.String(); !strings.Contains(body, `Configuration <span class="tag">2</span>`) {
		t.Errorf("the other pages do not count the findings:\n%s", body)
	}
	if body := get(t, l, "/api/config").Body.String(); !strings.Contains(body, `{"place":"config.yaml:7:3","message":"no such type"}`) {
		t.Errorf("the API says %s", body)
	}
}
