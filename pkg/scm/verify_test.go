package scm_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func TestSignedBy(t *testing.T) {
	body := []byte("a body")
	sign := func(secret string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		return hex.EncodeToString(mac.Sum(nil))
	}
	secrets := [][]byte{{}, []byte("old"), []byte("new")}
	for name, tc := range map[string]struct {
		signature string
		want      bool
	}{
		"the first secret":    {sign("old"), true},
		"another that counts": {sign("new"), true},
		"a stranger's secret": {sign("other"), false},
		"the empty secret":    {sign(""), false},
		"a part of it":        {sign("new")[:40], false},
		"more than it":        {sign("new") + "00", false},
		"no hex":              {strings.Repeat("g", 64), false},
		"nothing":             {"", false},
	} {
		if got := scm.SignedBy(secrets, body, tc.signature); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
	if scm.SignedBy(secrets, []byte("another"), sign("new")) || scm.SignedBy(nil, body, sign("new")) {
		t.Error("another body, or no secret at all, was taken")
	}
}

func TestCommitID(t *testing.T) {
	full, long := strings.Repeat("1a", 20), strings.Repeat("0f", 32)
	for in, want := range map[string]string{"": "", strings.Repeat("0", 40): "", full: full, long: long} {
		if got, err := scm.CommitID(in); got != want || err != nil {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"main", full[:12], strings.ToUpper(full), full + "\n", "--upload-pack=x", strings.Repeat("x", 40)} {
		if got, err := scm.CommitID(in); !errors.Is(err, scm.ErrMalformed) {
			t.Errorf("%q is %q, %v; want ErrMalformed", in, got, err)
		}
	}
}
