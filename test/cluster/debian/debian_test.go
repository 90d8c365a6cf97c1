package debian

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMissingNamesWhatNothingFulfils(t *testing.T) {
	here := t.TempDir()
	got := Missing([]Need{
		{Package: "z-absent", Have: []string{filepath.Join(here, "no")}},
		{Package: "by-file", Have: []string{filepath.Join(here, "no"), here}},
		{Package: "by-command", Commands: []string{"sh"}},
		{Package: "a-absent", Commands: []string{"no-such-command-here"}},
		{Package: "z-absent", Have: []string{filepath.Join(here, "no")}},
	})
	if diff := cmp.Diff([]string{"a-absent", "z-absent"}, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestParseURIs(t *testing.T) {
	const out = `'http://mirror.test/pool/z/zlib1g_1.2_amd64.deb' zlib1g_1%3a1.2_amd64.deb 86684 SHA256:00
'http://mirror.test/pool/g/git_2_amd64.deb' git_2_amd64.deb 7264380 SHA256:11
Reading package lists...
`
	if diff := cmp.Diff([]string{"git_2_amd64.deb", "zlib1g_1%3a1.2_amd64.deb"}, parseURIs(out)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestNameIsWhatComesBeforeTheVersion(t *testing.T) {
	if got, want := Name("/x/libcurl3-gnutls_7.88.1-10_amd64.deb"), "libcurl3-gnutls"; got != want {
		t.Errorf("Name = %q, want %q", got, want)
	}
}
