package web_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/dashboard/web"
)

var (
	reference = regexp.MustCompile(`(?:src|href)="/([^"]+)"`)
	inline    = regexp.MustCompile(`<style|<script(?:\s+type="[a-z]+")?>|\sstyle="|\son[a-z]+="|data:`)
)

func TestTheEmbeddedPagesAreCompleteAndNeedNothingInline(t *testing.T) {
	dist, built := web.Dist()
	names, err := fs.Glob(dist, "*")
	if err != nil {
		t.Fatal(err)
	}
	if !built {
		if len(names) != 1 {
			t.Errorf("pages that are not built hold %v, want the placeholder alone", names)
		}
		return
	}
	page, err := fs.ReadFile(dist, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if found := inline.FindString(string(page)); found != "" {
		t.Errorf("index.html holds %q, which the content security policy forbids", found)
	}
	for _, match := range reference.FindAllStringSubmatch(string(page), -1) {
		if _, err := fs.Stat(dist, match[1]); err != nil {
			t.Errorf("index.html names a file that is not there: %v", err)
		}
	}
	if !strings.Contains(string(page), `src="/assets/`) {
		t.Error("index.html loads no application")
	}
}
