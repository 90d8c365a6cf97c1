package gitea_test

import (
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
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var secret = []byte("correct horse")

func sign(key, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func header(event string, body []byte) http.Header {
	h := http.Header{}
	h.Set("X-Gitea-Event", event)
	h.Set("X-Gitea-Event-Type", event)
	h.Set("X-Gitea-Delivery", "71984d12-5c37-4e3e-bc9c-bd57c04ce6ad")
	h.Set("X-Gitea-Signature", sign(secret, body))
	return h
}

func parse(h http.Header, body []byte) (scm.Event, error) {
	return gitea.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("former"), secret}})
}

// The payloads were recorded from Gitea 1.26 and shortened. Their names are event.event-type.what-happened.
func TestParseRecordedDeliveries(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			body := scmtest.Read(t, file)
			words := strings.SplitN(name, ".", 3)
			h := header(words[0], body)
			h.Set("X-Gitea-Event-Type", words[1])
			event, err := parse(h, body)
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
		headers map[string]string
		secrets [][]byte
		want    error
	}{
		"the right signature":                    {map[string]string{"X-Gitea-Signature": good}, [][]byte{secret}, scm.ErrMalformed},
		"the right signature of an older secret": {map[string]string{"X-Gitea-Signature": good}, [][]byte{[]byte("new"), secret}, scm.ErrMalformed},
		"upper case hexadecimal":                 {map[string]string{"X-Gitea-Signature": strings.ToUpper(good)}, [][]byte{secret}, scm.ErrMalformed},
		"Forgejo's header alone":                 {map[string]string{"X-Forgejo-Signature": good}, [][]byte{secret}, scm.ErrMalformed},
		"GitHub's header alone":                  {map[string]string{"X-Hub-Signature-256": "sha256=" + good}, [][]byte{secret}, scm.ErrMalformed},
		"an empty Gitea header beside GitHub's":  {map[string]string{"X-Gitea-Signature": "", "X-Hub-Signature-256": "sha256=" + good}, [][]byte{secret}, scm.ErrMalformed},
		"a wrong Gitea header beside a right one": {
			map[string]string{"X-Gitea-Signature": strings.Repeat("0", 64), "X-Hub-Signature-256": "sha256=" + good}, [][]byte{secret}, scm.ErrSignature},
		"no signature":                         {nil, [][]byte{secret}, scm.ErrSignature},
		"no secret configured":                 {map[string]string{"X-Gitea-Signature": good}, nil, scm.ErrSignature},
		"an empty secret signs nothing":        {map[string]string{"X-Gitea-Signature": sign(nil, body)}, [][]byte{{}, nil}, scm.ErrSignature},
		"another secret":                       {map[string]string{"X-Gitea-Signature": good}, [][]byte{[]byte("other")}, scm.ErrSignature},
		"half a signature":                     {map[string]string{"X-Gitea-Signature": good[:32]}, [][]byte{secret}, scm.ErrSignature},
		"a signature that is not hexadecimal":  {map[string]string{"X-Gitea-Signature": strings.Repeat("z", 64)}, [][]byte{secret}, scm.ErrSignature},
		"the secret itself as GitLab sends it": {map[string]string{"X-Gitea-Signature": string(secret)}, [][]byte{secret}, scm.ErrSignature},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"X-Gitea-Event": {"push"}}
			for k, v := range tc.headers {
				h.Set(k, v)
			}
			event, err := gitea.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: tc.secrets})
			if !errors.Is(err, tc.want) || event != nil {
				t.Errorf("event %v with error %v, want %v", event, err, tc.want)
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	const sha = `"1111111111111111111111111111111111111111"`
	repo := `"repository":{"full_name":"acme/app"}`
	cases := map[string]struct{ event, body string }{
		"not JSON":                             {"push", `payload=1`},
		"cut JSON":                             {"pull_request", `{"action":"opened"`},
		"two documents":                        {"push", `{}{}`},
		"an unknown event that is no JSON":     {"wiki", `<html>`},
		"no event header":                      {"", `{}`},
		"null":                                 {"push", `null`},
		"a list":                               {"push", `[]`},
		"a push without repository":            {"push", `{"ref":"refs/heads/main","after":` + sha + `}`},
		"a repository without owner":           {"push", `{"ref":"refs/heads/main","after":` + sha + `,"repository":{"full_name":"app"}}`},
		"a push of a short ref":                {"push", `{"ref":"main","after":` + sha + `,` + repo + `}`},
		"a push to a commit that is an option": {"push", `{"ref":"refs/heads/main","after":"--upload-pack=x",` + repo + `}`},
		"a pull request event without pull request": {"pull_request", `{"action":"opened","pull_request":null,` + repo + `}`},
		"a pull request without number":             {"pull_request", `{"action":"opened","pull_request":{},` + repo + `}`},
		"a pull request with a negative number":     {"pull_request", `{"action":"opened","pull_request":{"number":-1},` + repo + `}`},
		"a head that is no commit":                  {"pull_request", `{"action":"opened","pull_request":{"number":1,"head":{"sha":"HEAD"}},` + repo + `}`},
		"a comment without issue":                   {"issue_comment", `{"action":"created","comment":{"id":1},` + repo + `}`},
		"a comment event without comment":           {"issue_comment", `{"action":"created","issue":{"number":1},` + repo + `}`},
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

func TestParseToleratesWhatServersSend(t *testing.T) {
	const repo = `"repository":{"full_name":"acme/app"}`
	cases := map[string]struct {
		event, body string
		want        scm.Kind
	}{
		"an unknown event of any shape":                  {"package", `{"action":5,"repository":"none"}`, scm.KindIgnored},
		"an unknown event without repository":            {"ping", `{"zen":"calm"}`, scm.KindIgnored},
		"a pull request without users and branches":      {"pull_request", `{"action":"opened","pull_request":{"number":1,"user":null,"labels":null,"base":null,"head":null},` + repo + `}`, scm.KindPullRequest},
		"an action nobody documented":                    {"pull_request", `{"action":"pinned","pull_request":{"number":1},` + repo + `}`, scm.KindPullRequest},
		"a comment on a pull request by an older server": {"issue_comment", `{"action":"created","issue":{"number":1,"pull_request":{}},"comment":{"id":2},"is_pull":true,` + repo + `}`, scm.KindComment},
		"a SHA-256 repository":                           {"push", `{"ref":"refs/heads/main","before":"` + strings.Repeat("0", 64) + `","after":"` + strings.Repeat("a", 64) + `",` + repo + `}`, scm.KindPush},
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
	body := scmtest.Read(t, "testdata/webhooks/push.push.branch.json")
	h := header("push", body)
	first, err := parse(h, body)
	if err != nil {
		t.Fatal(err)
	}
	// Gitea gives a redelivery a new delivery id; whoever replays a request may send any.
	h.Set("X-Gitea-Delivery", "00000000-0000-4000-8000-000000000000")
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
	other := scmtest.Read(t, "testdata/webhooks/push.push.branch-created.json")
	third, err := parse(header("push", other), other)
	if err != nil {
		t.Fatal(err)
	}
	if third.Envelope().ID == first.Envelope().ID {
		t.Error("different events have the same id")
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		event, _, _ := strings.Cut(filepath.Base(file), ".")
		f.Add(event, scmtest.Read(f, file))
	}
	f.Add("", []byte("null"))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		h := http.Header{"X-Gitea-Event": {event}, "X-Gitea-Signature": {sign(secret, body)}}
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
		h.Set("X-Gitea-Signature", sign([]byte("forged"), body))
		if _, err := parse(h, body); !errors.Is(err, scm.ErrSignature) {
			t.Fatalf("forged delivery: %v", err)
		}
	})
}
