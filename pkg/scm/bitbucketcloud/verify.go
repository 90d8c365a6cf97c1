package bitbucketcloud

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// authentic says whether any of the secrets signed body. Secrets are compared in constant time; empty ones sign nothing.
func authentic(header http.Header, body []byte, secrets [][]byte) bool {
	sent, ok := signature(header)
	if !ok {
		return false
	}
	var sum [sha256.Size]byte
	for _, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if hmac.Equal(mac.Sum(sum[:0]), sent[:]) {
			return true
		}
	}
	return false
}

// signature decodes the HMAC-SHA256 that came with a delivery; a webhook without a secret sends none.
func signature(header http.Header) (sum [sha256.Size]byte, ok bool) {
	value, named := strings.CutPrefix(header.Get("X-Hub-Signature"), "sha256=")
	if !named || len(value) != hex.EncodedLen(sha256.Size) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(value))
	return sum, err == nil
}
