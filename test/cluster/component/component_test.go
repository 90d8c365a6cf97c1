package component_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/test/cluster/component"
)

func TestEveryModuleHasAChecksum(t *testing.T) {
	for _, c := range component.Table() {
		if (c.Source == "") != strings.HasPrefix(c.Sum, "h1:") {
			t.Errorf("%s: a module needs a checksum, and only a module", c.Name)
		}
	}
}

func TestStampFollowsWhatChangesTheResult(t *testing.T) {
	base, err := component.Find(component.S3)
	if err != nil {
		t.Fatal(err)
	}
	want, err := base.Stamp()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*component.Component)
		same   bool
	}{
		"nothing changed":  {func(*component.Component) {}, true},
		"another version":  {func(c *component.Component) { c.Version = "v9.9.9" }, false},
		"another flag":     {func(c *component.Component) { c.Flags = append(c.Flags, "-race") }, false},
		"another checksum": {func(c *component.Component) { c.Sum = "h1:x" }, false},
		"our own source":   {func(c *component.Component) { c.Source = "kubernetes" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := base
			tc.change(&c)
			got, err := c.Stamp()
			if err != nil {
				t.Fatal(err)
			}
			if (got == want) != tc.same {
				t.Errorf("stamp %q beside %q, want the same: %v", got, want, tc.same)
			}
		})
	}
}

func TestGetTakesAFinishedBuildAsItIs(t *testing.T) {
	c, err := component.Find(component.S3)
	if err != nil {
		t.Fatal(err)
	}
	stamp, err := c.Stamp()
	if err != nil {
		t.Fatal(err)
	}
	cache := component.Cache{Root: t.TempDir(), Say: t.Logf}
	want := filepath.Join(cache.Root, c.Name, stamp)
	if err := os.MkdirAll(want, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := cache.Get(t.Context(), c.Name); err != nil || got != want {
		t.Errorf("Get = %q, %v, want %q", got, err, want)
	}
}
