package github

import (
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// authentic looks at the SHA-256 signature; GitHub's older one with SHA-1 is not looked at.
func authentic(header http.Header, body []byte, secrets [][]byte) bool {
	value, ok := strings.CutPrefix(header.Get("X-Hub-Signature-256"), "sha256=")
	return ok && scm.SignedBy(secrets, body, value)
}
