package gitea

import (
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// authentic looks at the signature: Gitea's header, or where it is absent Forgejo's or the one both send for GitHub's sake. A
// server whose webhook has no secret sends them empty.
func authentic(header http.Header, body []byte, secrets [][]byte) bool {
	value := first(header, "X-Gitea-Signature", "X-Forgejo-Signature")
	if value == "" {
		value = strings.TrimPrefix(header.Get("X-Hub-Signature-256"), "sha256=")
	}
	return scm.SignedBy(secrets, body, value)
}
