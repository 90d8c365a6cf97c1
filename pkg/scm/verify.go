package scm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// SignedBy says whether any of the secrets made a signature: the HMAC-SHA256 of body in hex. Secrets are compared in constant
// time; empty ones sign nothing.
func SignedBy(secrets [][]byte, body []byte, signature string) bool {
	sent, err := hex.DecodeString(signature)
	if err != nil || len(sent) != sha256.Size {
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

// CommitID checks a commit id of 40 or 64 lower-case hex digits, so that nothing else ever reaches a git command line. No
// commit is "" or all zeros, and comes back as "".
func CommitID(s string) (string, error) {
	if strings.Trim(s, "0") == "" {
		return "", nil
	}
	if (len(s) != 40 && len(s) != 64) || strings.Trim(s, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%.80q is not a commit id: %w", s, ErrMalformed)
	}
	return s, nil
}
