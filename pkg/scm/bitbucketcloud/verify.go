package bitbucketcloud

import (
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// authentic looks at the signature; a webhook without a secret sends none.
func authentic(header http.Header, body []byte, secrets [][]byte) bool {
	value, ok := strings.CutPrefix(header.Get("X-Hub-Signature"), "sha256=")
	return ok && scm.SignedBy(secrets, body, value)
}
