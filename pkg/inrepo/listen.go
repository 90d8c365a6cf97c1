package inrepo

import (
	"regexp"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Listens says whether a comment may start a job that the repository keeps, without reading it anew: by the expressions of
// the last reading, or because there was none yet. Any line that looks like a command counts.
func (r *Reader) Listens(repo scm.Repo, comment string) bool {
	if !r.On(repo) {
		return false
	}
	for line := range strings.Lines(comment) {
		if strings.HasPrefix(line, "/") {
			return true
		}
	}
	r.mu.Lock()
	triggers, known := r.listen[repo]
	r.mu.Unlock()
	if !known {
		return true
	}
	for _, text := range triggers {
		if re, err := regexp.Compile(text); err == nil && re.MatchString(strings.TrimSpace(comment)) {
			return true
		}
	}
	return false
}
