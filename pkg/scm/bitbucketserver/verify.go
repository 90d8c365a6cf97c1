package bitbucketserver

import (
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// authentic looks at the signature. Bitbucket signs with SHA-256 unless its administrator chose otherwise, which is not
// supported. A webhook without a secret sends no header, and nor does the "test connection" button of some versions.
func authentic(header http.Header, body []byte, secrets [][]byte) bool {
	value, ok := strings.CutPrefix(header.Get("X-Hub-Signature"), "sha256=")
	return ok && scm.SignedBy(secrets, body, value)
}
