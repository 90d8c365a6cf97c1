package gitlab

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// signingPrefix begins a secret that signs deliveries instead of travelling with them: GitLab's "signing token", the rest of
// which is the key in base64.
const signingPrefix = "whsec_"

// authentic says whether any of the secrets came with a delivery or signed it, and gives the delivery's id if it was signed
// too. Secrets are compared in constant time; empty ones prove nothing.
func authentic(header http.Header, body []byte, secrets [][]byte) (id string, ok bool) {
	token := sha256.Sum256([]byte(header.Get("X-Gitlab-Token")))
	for _, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		if key, signs := strings.CutPrefix(string(secret), signingPrefix); signs {
			if signed(header, body, key) {
				return header.Get("Webhook-Id"), true
			}
			continue
		}
		want := sha256.Sum256(secret)
		if subtle.ConstantTimeCompare(token[:], want[:]) == 1 {
			return "", true
		}
	}
	return "", false
}

// signed checks a signature of the Standard Webhooks form: HMAC-SHA256 over id, time and body, "v1," and base64, several of
// them while a key is changed. The time is not looked at: a delivery that is replayed has the id of the first.
func signed(header http.Header, body []byte, encoded string) bool {
	id, at := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 || id == "" || at == "" {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for one := range strings.FieldsSeq(header.Get("Webhook-Signature")) {
		sent, ok := strings.CutPrefix(one, "v1,")
		if !ok {
			continue
		}
		if sum, err := base64.StdEncoding.DecodeString(sent); err == nil && hmac.Equal(sum, want) {
			return true
		}
	}
	return false
}
