package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// authentic says whether any of the secrets signed body with HMAC-SHA256. GitHub's older SHA-1 signature is not looked at.
// Secrets are compared in constant time; empty ones sign nothing.
func authentic(header http.Header, body []byte, secrets [][]byte) bool {
	value, ok := strings.CutPrefix(header.Get("X-Hub-Signature-256"), "sha256=")
	sent, err := hex.DecodeString(value)
	if !ok || err != nil || len(sent) != sha256.Size {
		return false
	}
	var sum [sha256.Size]byte
	for _, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if hmac.Equal(mac.Sum(sum[:0]), sent) {
			return true
		}
	}
	return false
}
