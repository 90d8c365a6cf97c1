package bitbucketcloud_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var secret = []byte("correct horse")

func sign(key, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func header(event string, body []byte) http.Header {
	h := http.Header{}
	h.Set("X-Event-Key", event)
	h.Set("X-Hook-UUID", "81424cfd-0000-4000-8000-000000000000")
	h.Set("X-Request-UUID", "77429825-0000-4000-8000-000000000000")
	h.Set("X-Attempt-Number", "1")
	h.Set("X-Hub-Signature", sign(secret, body))
	return h
}

func parse(h http.Header, body []byte) (scm.Event, error) {
	return bitbucketcloud.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("former"), secret}})
}

// eventOf is the event that a payload's file is named after: subject.event.what-happened.
func eventOf(file string) string {
	words := strings.SplitN(filepath.Base(file), ".", 3)
	return words[0] + ":" + words[1]
}

// The payloads follow the schemas that Bitbucket publishes.
func TestParseDocumentedDeliveries(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			body := scmtest.Read(t, file)
			event, err := parse(header(eventOf(file), body), body)
			if err != nil {
				t.Fatal(err)
			}
			scmtest.Golden(t, strings.TrimSuffix(file, ".json")+".golden", event, *update)
		})
	}
}

func TestParseVerifiesFirst(t *testing.T) {
	body := []byte(`not even JSON`)
	good := sign(secret, body)
	cases := map[string]struct {
		signature string
		secrets   [][]byte
		want      error
	}{
		"the right signature":                    {good, [][]byte{secret}, scm.ErrMalformed},
		"the right signature of an older secret": {good, [][]byte{[]byte("new"), secret}, scm.ErrMalformed},
		"upper case hexadecimal":                 {"sha256=" + strings.ToUpper(good[7:]), [][]byte{secret}, scm.ErrMalformed},
		"no signature":                           {"", [][]byte{secret}, scm.ErrSignature},
		"a signature without its method":         {good[7:], [][]byte{secret}, scm.ErrSignature},
		"a signature of another method":          {"sha1=" + good[7:], [][]byte{secret}, scm.ErrSignature},
		"no secret configured":                   {good, nil, scm.ErrSignature},
		"an empty secret signs nothing":          {sign(nil, body), [][]byte{{}, nil}, scm.ErrSignature},
		"another secret":                         {good, [][]byte{[]byte("other")}, scm.ErrSignature},
		"half a signature":                       {good[:39], [][]byte{secret}, scm.ErrSignature},
		"a signature that is not hexadecimal":    {"sha256=" + strings.Repeat("z", 64), [][]byte{secret}, scm.ErrSignature},
		"the secret itself":                      {string(secret), [][]byte{secret}, scm.ErrSignature},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"X-Event-Key": {"repo:push"}}
			if tc.signature != "" {
				h.Set("X-Hub-Signature", tc.signature)
			}
			event, err := bitbucketcloud.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: tc.secrets})
			if !errors.Is(err, tc.want) || event != nil {
				t.Errorf("event %v with error %v, want %v", event, err, tc.want)
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	const repo = `"repository":{"full_name":"acme/app"}`
	cases := map[string]struct{ event, body string }{
		"not JSON":                                  {"repo:push", `payload=1`},
		"cut JSON":                                  {"pullrequest:created", `{"pullrequest":{`},
		"two documents":                             {"repo:push", `{}{}`},
		"an unknown event that is no JSON":          {"repo:fork", `<html>`},
		"no event key":                              {"", `{}`},
		"null":                                      {"repo:push", `null`},
		"a list":                                    {"repo:push", `[]`},
		"a push without repository":                 {"repo:push", `{"push":{"changes":[{}]}}`},
		"a repository without workspace":            {"repo:push", `{"repository":{"full_name":"app"}}`},
		"a change of nothing":                       {"repo:push", `{"push":{"changes":[{"old":null,"new":null}]},` + repo + `}`},
		"a change without a target":                 {"repo:push", `{"push":{"changes":[{"new":{"type":"branch","name":"main"}}]},` + repo + `}`},
		"a change to a piece of a commit":           {"repo:push", `{"push":{"changes":[{"new":{"type":"branch","name":"main","target":{"hash":"26240d6b7e74"}}}]},` + repo + `}`},
		"a change to an option":                     {"repo:push", `{"push":{"changes":[{"new":{"type":"branch","name":"main","target":{"hash":"--upload-pack=x"}}}]},` + repo + `}`},
		"a change of something else":                {"repo:push", `{"push":{"changes":[{"new":{"type":"bookmark","name":"main"}}]},` + repo + `}`},
		"a pull request event without pull request": {"pullrequest:created", `{"pullrequest":null,` + repo + `}`},
		"a pull request without number":             {"pullrequest:created", `{"pullrequest":{},` + repo + `}`},
		"a head that is no commit":                  {"pullrequest:created", `{"pullrequest":{"id":1,"source":{"commit":{"hash":"HEAD"}}},` + repo + `}`},
		"an approval of nobody":                     {"pullrequest:approved", `{"pullrequest":{"id":1},` + repo + `}`},
		"a comment event without comment":           {"pullrequest:comment_created", `{"pullrequest":{"id":1},` + repo + `}`},
		"a status of nothing":                       {"repo:commit_status_created", `{` + repo + `}`},
		"a status of no commit":                     {"repo:commit_status_created", `{"commit_status":{"key":"unit"},` + repo + `}`},
		"an issue event without issue":              {"issue:created", `{` + repo + `}`},
		"an issue comment without comment":          {"issue:comment_created", `{"issue":{"id":1},` + repo + `}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			body := []byte(tc.body)
			event, err := parse(header(tc.event, body), body)
			if !errors.Is(err, scm.ErrMalformed) || event != nil {
				t.Errorf("event %v with error %v, want ErrMalformed", event, err)
			}
		})
	}
}

func TestParseToleratesWhatIsSent(t *testing.T) {
	const repo = `"repository":{"full_name":"acme/app"}`
	cases := map[string]struct {
		event, body string
		want        scm.Kind
	}{
		"an unknown event of any shape":         {"pipeline:span_created", `{"repository":"none"}`, scm.KindIgnored},
		"an unknown event without repository":   {"project:updated", `{"project":{}}`, scm.KindIgnored},
		"a push of nothing":                     {"repo:push", `{"push":{"changes":[]},` + repo + `}`, scm.KindIgnored},
		"a status of a piece of a commit":       {"repo:commit_status_created", `{"commit_status":{"commit":{"hash":"26240d6b7e74"}},` + repo + `}`, scm.KindIgnored},
		"a pull request of nobody from nowhere": {"pullrequest:created", `{"pullrequest":{"id":1,"author":null,"source":null,"destination":null},` + repo + `}`, scm.KindPullRequest},
		"an approval by a deleted account":      {"pullrequest:approved", `{"pullrequest":{"id":1},"approval":{"user":null},` + repo + `}`, scm.KindReview},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			body := []byte(tc.body)
			event, err := parse(header(tc.event, body), body)
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind() != tc.want {
				t.Errorf("kind = %s, want %s", event.Kind(), tc.want)
			}
		})
	}
}

func TestRedeliveriesHaveTheSameID(t *testing.T) {
	body := scmtest.Read(t, "testdata/webhooks/pullrequest.push.new-commit.json")
	h := header("pullrequest:push", body)
	first, err := parse(h, body)
	if err != nil {
		t.Fatal(err)
	}
	// Whoever replays a request may send any id and number of an attempt.
	h.Set("X-Request-UUID", "00000000-0000-4000-8000-000000000000")
	h.Set("X-Attempt-Number", "2")
	second, err := parse(h, body)
	if err != nil {
		t.Fatal(err)
	}
	if first.Envelope().ID != second.Envelope().ID {
		t.Errorf("ids differ: %s and %s", first.Envelope().ID, second.Envelope().ID)
	}
	// A push to a pull request is told by two events whose bodies may be the same.
	third, err := parse(header("pullrequest:updated", body), body)
	if err != nil {
		t.Fatal(err)
	}
	if third.Envelope().ID == first.Envelope().ID {
		t.Error("different events have the same id")
	}
}

// Each prefix of a payload, and the payload with any one byte replaced, is an event or ErrMalformed.
func TestParseBrokenBodies(t *testing.T) {
	body := scmtest.Read(t, "testdata/webhooks/pullrequest.comment_created.inline-reply.json")
	check := func(broken []byte) {
		t.Helper()
		event, err := parse(header("pullrequest:comment_created", broken), broken)
		if err != nil && (event != nil || !errors.Is(err, scm.ErrMalformed)) {
			t.Fatalf("event %v with error %v", event, err)
		}
	}
	for i := 0; i < len(body); i += 7 {
		check(body[:i])
		broken := bytes.Clone(body)
		broken[i] = '"'
		check(broken)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(eventOf(file), scmtest.Read(f, file))
	}
	f.Add("", []byte("null"))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		h := http.Header{"X-Event-Key": {event}, "X-Hub-Signature": {sign(secret, body)}}
		e, err := parse(h, body)
		if (e == nil) == (err == nil) {
			t.Fatalf("event %v with error %v", e, err)
		}
		if err != nil && !errors.Is(err, scm.ErrMalformed) {
			t.Fatalf("error %v is not ErrMalformed", err)
		}
		if err != nil {
			return
		}
		_ = e.Subject()
		stored, err := scm.EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scm.DecodeEvent(stored); err != nil {
			t.Fatal(err)
		}
		h.Set("X-Hub-Signature", sign([]byte("forged"), body))
		if _, err := parse(h, body); !errors.Is(err, scm.ErrSignature) {
			t.Fatalf("forged delivery: %v", err)
		}
	})
}
