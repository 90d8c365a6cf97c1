package bitbucketserver_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
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
	h.Set("X-Request-Id", "0a6a6c3e-0d77-4b0c-8a53-2f7a4b9a9d11")
	h.Set("X-Hub-Signature", sign(secret, body))
	return h
}

func parse(h http.Header, body []byte) (scm.Event, error) {
	return bitbucketserver.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("former"), secret}})
}

// eventKey is the name that the header has too, but for the test button's.
func eventKey(body []byte) string {
	var payload struct {
		EventKey string `json:"eventKey"`
	}
	if json.Unmarshal(body, &payload) != nil || payload.EventKey == "" {
		return "diagnostics:ping"
	}
	return payload.EventKey
}

// The payloads follow the vendor's published schema. Their names are kind.what-happened.
func TestParseDocumentedDeliveries(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			body := scmtest.Read(t, file)
			event, err := parse(header(eventKey(body), body), body)
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
		"the right signature":                       {good, [][]byte{secret}, scm.ErrMalformed},
		"the right signature of an older secret":    {good, [][]byte{[]byte("new"), secret}, scm.ErrMalformed},
		"upper case hexadecimal":                    {"sha256=" + strings.ToUpper(good[7:]), [][]byte{secret}, scm.ErrMalformed},
		"no signature":                              {"", [][]byte{secret}, scm.ErrSignature},
		"no secret configured":                      {good, nil, scm.ErrSignature},
		"an empty secret signs nothing":             {sign(nil, body), [][]byte{{}, nil}, scm.ErrSignature},
		"another secret":                            {good, [][]byte{[]byte("other")}, scm.ErrSignature},
		"half a signature":                          {good[:39], [][]byte{secret}, scm.ErrSignature},
		"a signature that is not hexadecimal":       {"sha256=" + strings.Repeat("z", 64), [][]byte{secret}, scm.ErrSignature},
		"a signature without its algorithm":         {good[7:], [][]byte{secret}, scm.ErrSignature},
		"an algorithm that is not supported":        {"sha1=" + good[7:47], [][]byte{secret}, scm.ErrSignature},
		"another algorithm with this one's result":  {"sha512=" + good[7:], [][]byte{secret}, scm.ErrSignature},
		"the secret itself":                         {string(secret), [][]byte{secret}, scm.ErrSignature},
		"the signature of another body":             {sign(secret, []byte("{}")), [][]byte{secret}, scm.ErrSignature},
		"a signature of nothing with an empty hash": {"sha256=", [][]byte{secret}, scm.ErrSignature},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"X-Event-Key": {"repo:refs_changed"}}
			if tc.signature != "" {
				h.Set("X-Hub-Signature", tc.signature)
			}
			event, err := bitbucketserver.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: tc.secrets})
			if !errors.Is(err, tc.want) || event != nil {
				t.Errorf("event %v with error %v, want %v", event, err, tc.want)
			}
		})
	}
}

const (
	sha  = `"1111111111111111111111111111111111111111"`
	base = `{"slug":"app","project":{"key":"ACME"}}`
)

func TestParseMalformed(t *testing.T) {
	cases := map[string]string{
		"not JSON":                             `payload=1`,
		"cut JSON":                             `{"eventKey":"pr:opened"`,
		"two documents":                        `{}{}`,
		"no event key":                         `{}`,
		"null":                                 `null`,
		"a list":                               `[]`,
		"an event key that is none":            `{"eventKey":7}`,
		"a push without repository":            `{"eventKey":"repo:refs_changed","changes":[{"refId":"refs/heads/main","toHash":` + sha + `}]}`,
		"a repository without project":         `{"eventKey":"repo:refs_changed","repository":{"slug":"app"},"changes":[]}`,
		"a repository without slug":            `{"eventKey":"repo:refs_changed","repository":{"project":{"key":"ACME"}}}`,
		"a push of a short ref":                `{"eventKey":"repo:refs_changed","repository":` + base + `,"changes":[{"refId":"main","toHash":` + sha + `}]}`,
		"a push with a change that is none":    `{"eventKey":"repo:refs_changed","repository":` + base + `,"changes":[null]}`,
		"a push to a commit that is an option": `{"eventKey":"repo:refs_changed","repository":` + base + `,"changes":[{"refId":"refs/heads/main","toHash":"--upload-pack=x"}]}`,
		"a pull request event without one":     `{"eventKey":"pr:opened","repository":` + base + `}`,
		"a pull request without base":          `{"eventKey":"pr:opened","pullRequest":{"id":1}}`,
		"a pull request without number":        `{"eventKey":"pr:opened","pullRequest":{"toRef":{"repository":` + base + `}}}`,
		"a pull request of a negative number":  `{"eventKey":"pr:opened","pullRequest":{"id":-1,"toRef":{"repository":` + base + `}}}`,
		"a head that is no commit":             `{"eventKey":"pr:opened","pullRequest":{"id":1,"fromRef":{"latestCommit":"HEAD"},"toRef":{"repository":` + base + `}}}`,
		"a former head that is no commit":      `{"eventKey":"pr:from_ref_updated","previousFromHash":"HEAD","pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`,
		"a comment event without comment":      `{"eventKey":"pr:comment:added","pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`,
		"a review without participant":         `{"eventKey":"pr:reviewer:approved","pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`,
		"a review of what is no commit":        `{"eventKey":"pr:reviewer:approved","participant":{"lastReviewedCommit":"x"},"pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`,
	}
	for name, body := range cases {
		t.Run(name, func(t *testing.T) {
			event, err := parse(header("", []byte(body)), []byte(body))
			if !errors.Is(err, scm.ErrMalformed) || event != nil {
				t.Errorf("event %v with error %v, want ErrMalformed", event, err)
			}
		})
	}
}

func TestParseToleratesWhatServersSend(t *testing.T) {
	cases := map[string]struct {
		body string
		want scm.Kind
	}{
		"an unknown event of any shape":             {`{"eventKey":"project:modified","actor":5,"repository":"none"}`, scm.KindIgnored},
		"an unknown event without repository":       {`{"eventKey":"project:modified"}`, scm.KindIgnored},
		"a push that moves nothing":                 {`{"eventKey":"repo:refs_changed","repository":` + base + `,"changes":null}`, scm.KindIgnored},
		"a push with a pull request":                {`{"eventKey":"repo:refs_changed","pullRequest":{"id":1,"toRef":{"repository":` + base + `}},"changes":[{"refId":"refs/heads/x","toHash":` + sha + `}]}`, scm.KindPush},
		"a pull request without users and branches": {`{"eventKey":"pr:opened","pullRequest":{"id":1,"author":null,"reviewers":[null],"fromRef":null,"toRef":{"repository":` + base + `}}}`, scm.KindPullRequest},
		"an edit that tells nothing":                {`{"eventKey":"pr:modified","pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`, scm.KindPullRequest},
		"a review by nobody":                        {`{"eventKey":"pr:reviewer:approved","participant":{"user":null},"pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`, scm.KindReview},
		"a comment by nobody":                       {`{"eventKey":"pr:comment:added","comment":{"id":1,"author":null,"anchor":{"path":null}},"pullRequest":{"id":1,"toRef":{"repository":` + base + `}}}`, scm.KindComment},
		"links that are null":                       {`{"eventKey":"pr:opened","pullRequest":{"id":1,"links":{"self":[null]},"toRef":{"repository":{"slug":"app","project":{"key":"ACME"},"links":{"self":[null],"clone":[null]}}}}}`, scm.KindPullRequest},
		"a SHA-256 repository":                      {`{"eventKey":"repo:refs_changed","repository":` + base + `,"changes":[{"refId":"refs/heads/main","fromHash":"` + strings.Repeat("0", 64) + `","toHash":"` + strings.Repeat("a", 64) + `"}]}`, scm.KindPush},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			event, err := parse(header("", []byte(tc.body)), []byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind() != tc.want {
				t.Errorf("kind = %s, want %s", event.Kind(), tc.want)
			}
		})
	}
}

func TestHeadersDecideNothing(t *testing.T) {
	body := scmtest.Read(t, "testdata/webhooks/comment.added.json")
	first, err := parse(header("pr:comment:added", body), body)
	if err != nil {
		t.Fatal(err)
	}
	// Whoever replays a request may send any header: the signature is of the body alone.
	for _, event := range []string{"pr:merged", "repo:refs_changed", "diagnostics:ping", "teapot"} {
		if e, err := parse(header(event, body), body); !errors.Is(err, scm.ErrMalformed) {
			t.Errorf("a comment that comes as %s: %v, %v; want ErrMalformed", event, e, err)
		}
	}
	h := header("", body)
	h.Set("X-Request-Id", "00000000-0000-4000-8000-000000000000")
	second, err := parse(h, body)
	if err != nil {
		t.Fatal(err)
	}
	if first.Envelope().ID != second.Envelope().ID {
		t.Errorf("ids differ: %s and %s", first.Envelope().ID, second.Envelope().ID)
	}
	if first.Envelope().Delivery == second.Envelope().Delivery {
		t.Error("the attempts cannot be told apart")
	}
	other := scmtest.Read(t, "testdata/webhooks/comment.reply.json")
	third, err := parse(header("pr:comment:added", other), other)
	if err != nil {
		t.Fatal(err)
	}
	if third.Envelope().ID == first.Envelope().ID {
		t.Error("different events have the same id")
	}
}

func TestRequestedChangesHaveTwoNames(t *testing.T) {
	body := scmtest.Read(t, "testdata/webhooks/review.changes-requested.json")
	e, err := parse(header("pr:reviewer:needs_work", body), body)
	if err != nil {
		t.Fatal(err)
	}
	if review, ok := e.(*scm.ReviewEvent); !ok || review.Review.State != scm.ReviewChangesRequested {
		t.Errorf("event %+v", e)
	}
}

func TestCutDeliveriesAreMalformed(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		body := bytes.TrimSpace(scmtest.Read(t, file))
		for n := 0; n < len(body); n += 1 + len(body)/60 {
			if event, err := parse(header(eventKey(body), body[:n]), body[:n]); !errors.Is(err, scm.ErrMalformed) {
				t.Errorf("%s cut at %d: event %v with error %v", file, n, event, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(scmtest.Read(f, file))
	}
	f.Add([]byte(`{"eventKey":"pr:reviewer:approved","date":"9999-12-31T23:59:59-1200","pullRequest":{"id":1,"updatedDate":9223372036854775807}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h := header("", body)
		e, err := parse(h, body)
		if (e == nil) == (err == nil) {
			t.Fatalf("event %v with error %v", e, err)
		}
		if err != nil && !errors.Is(err, scm.ErrMalformed) {
			t.Fatalf("error %v is not ErrMalformed", err)
		}
		if err == nil {
			_ = e.Subject()
			stored, err := scm.EncodeEvent(e)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := scm.DecodeEvent(stored); err != nil {
				t.Fatal(err)
			}
		}
		h.Set("X-Hub-Signature", sign([]byte("forged"), body))
		if _, err := parse(h, body); !errors.Is(err, scm.ErrSignature) {
			t.Fatalf("forged delivery: %v", err)
		}
	})
}
