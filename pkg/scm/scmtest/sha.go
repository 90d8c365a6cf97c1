package scmtest

import (
	"crypto/sha1" //nolint:gosec // commit ids are SHA-1
	"encoding/hex"
)

// SHA is a plausible commit id, the same for the same name.
func SHA(name string) string {
	sum := sha1.Sum([]byte(name)) //nolint:gosec // commit ids are SHA-1
	return hex.EncodeToString(sum[:])
}
