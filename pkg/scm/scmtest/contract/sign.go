package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// Signed is a delivery's header with the signatures of another body, in every form that a forge of the header's kind uses.
// A shared secret in the header itself (GitLab's token) proves any body.
func Signed(header http.Header, body []byte, secret string) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	sum := hex.EncodeToString(mac.Sum(nil))
	signed := header.Clone()
	for name, value := range map[string]string{
		"X-Hub-Signature-256": "sha256=" + sum, "X-Hub-Signature": "sha256=" + sum,
		"X-Gitea-Signature": sum, "X-Gogs-Signature": sum, "X-Forgejo-Signature": sum,
	} {
		if signed.Get(name) != "" {
			signed.Set(name, value)
		}
	}
	return signed
}
