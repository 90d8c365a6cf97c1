package gitlab_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const secret = "correct horse"

// native is the event of a payload by its file's name: "merge_request_hook.opened" is of a "Merge Request Hook".
func native(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	words := strings.Split(name, "_")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}

func header(event string) http.Header {
	h := http.Header{}
	h.Set("X-Gitlab-Event", event)
	h.Set("X-Gitlab-Token", secret)
	h.Set("X-Gitlab-Instance", "https://gitlab.test")
	h.Set("X-Gitlab-Webhook-UUID", "3c5c0404-c866-44bc-a5f6-452bb1bfc76e")
	h.Set("X-Gitlab-Event-UUID", "9cebe914-4827-408f-b014-cfa23a47a35f")
	h.Set("Idempotency-Key", "3a427872-00df-429c-9bc9-a9475de2efe4")
	return h
}

func parse(h http.Header, body []byte) (scm.Event, error) {
	return gitlab.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("former"), []byte(secret)}})
}

func TestParseDocumentedDeliveries(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			event, err := parse(header(native(file)), scmtest.Read(t, file))
			if err != nil {
				t.Fatal(err)
			}
			scmtest.Golden(t, strings.TrimSuffix(file, ".json")+".golden", event, *update)
		})
	}
}

// signingSecret is a secret in the form of GitLab's signing tokens.
var signingSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))

// signature is what GitLab sends of a delivery of the id at the time.
func signature(key, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(id + "." + at + "." + string(body)))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestParseVerifiesFirst(t *testing.T) {
	body := []byte(`not even JSON`)
	const id, at = "3a427872", "1770000000"
	good := signature(strings.Repeat("k", 32), id, at, body)
	sign := func(signature string) map[string]string {
		return map[string]string{"webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature}
	}
	with := func(h map[string]string, name, value string) map[string]string {
		h[name] = value
		return h
	}
	cases := map[string]struct {
		headers map[string]string
		secrets []string
		want    error
	}{
		"the right token":                  {map[string]string{"X-Gitlab-Token": secret}, []string{secret}, scm.ErrMalformed},
		"the token of an older secret":     {map[string]string{"X-Gitlab-Token": secret}, []string{"new", secret}, scm.ErrMalformed},
		"the right signature":              {sign(good), []string{signingSecret}, scm.ErrMalformed},
		"one of two signatures":            {sign("v1,AAAA v2,BBBB " + good), []string{secret, signingSecret}, scm.ErrMalformed},
		"a token beside an unknown key's":  {with(sign("v1,AAAA"), "X-Gitlab-Token", secret), []string{secret}, scm.ErrMalformed},
		"no token":                         {nil, []string{secret}, scm.ErrSignature},
		"no secret configured":             {map[string]string{"X-Gitlab-Token": secret}, nil, scm.ErrSignature},
		"an empty secret proves nothing":   {map[string]string{"X-Gitlab-Token": ""}, []string{""}, scm.ErrSignature},
		"no token for an empty secret":     {nil, []string{""}, scm.ErrSignature},
		"another token":                    {map[string]string{"X-Gitlab-Token": "battery staple"}, []string{secret}, scm.ErrSignature},
		"the beginning of the token":       {map[string]string{"X-Gitlab-Token": secret[:4]}, []string{secret}, scm.ErrSignature},
		"a key is no token":                {map[string]string{"X-Gitlab-Token": signingSecret}, []string{signingSecret}, scm.ErrSignature},
		"a signature of another body":      {sign(signature(strings.Repeat("k", 32), id, at, []byte("other"))), []string{signingSecret}, scm.ErrSignature},
		"a signature by another key":       {sign(signature("other", id, at, body)), []string{signingSecret}, scm.ErrSignature},
		"a signature of another id":        {with(sign(good), "webhook-id", "4b538983"), []string{signingSecret}, scm.ErrSignature},
		"a signature of another time":      {with(sign(good), "webhook-timestamp", "1770000001"), []string{signingSecret}, scm.ErrSignature},
		"a signature without an id":        {with(sign(signature(strings.Repeat("k", 32), "", at, body)), "webhook-id", ""), []string{signingSecret}, scm.ErrSignature},
		"a signature of another version":   {sign("v2" + good[2:]), []string{signingSecret}, scm.ErrSignature},
		"half a signature":                 {sign(good[:20]), []string{signingSecret}, scm.ErrSignature},
		"a key that is not base64":         {sign(signature("", id, at, body)), []string{"whsec_???"}, scm.ErrSignature},
		"an empty key":                     {sign(signature("", id, at, body)), []string{"whsec_"}, scm.ErrSignature},
		"a signature by the token in text": {sign(signature(secret, id, at, body)), []string{secret}, scm.ErrSignature},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"X-Gitlab-Event": {"Push Hook"}}
			for k, v := range tc.headers {
				h.Set(k, v)
			}
			var secrets [][]byte
			for _, s := range tc.secrets {
				secrets = append(secrets, []byte(s))
			}
			event, err := gitlab.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: secrets})
			if !errors.Is(err, tc.want) || event != nil {
				t.Errorf("event %v with error %v, want %v", event, err, tc.want)
			}
		})
	}
}

const inProject = `"project":{"path_with_namespace":"acme/app"}`

func TestParseRefusesWhatIsMalformed(t *testing.T) {
	cases := map[string]struct{ event, body string }{
		"an empty body":                     {"Push Hook", ``},
		"half a body":                       {"Push Hook", `{"object_kind":"push"`},
		"null":                              {"Push Hook", `null`},
		"no event header":                   {"", `{"object_kind":"push",` + inProject + `}`},
		"a push without a project":          {"Push Hook", `{"object_kind":"push"}`},
		"a project without a path":          {"Push Hook", `{"object_kind":"push","project":{}}`},
		"a project without a group":         {"Push Hook", `{"object_kind":"push","project":{"path_with_namespace":"app"}}`},
		"a push with an odd commit":         {"Push Hook", `{"object_kind":"push","ref":"refs/heads/main","after":"--upload-pack=x",` + inProject + `}`},
		"a push of no ref":                  {"Push Hook", `{"object_kind":"push","ref":"main","after":"` + strings.Repeat("a", 40) + `",` + inProject + `}`},
		"a body of another event":           {"Merge Request Hook", `{"object_kind":"push",` + inProject + `}`},
		"a body of no event":                {"Note Hook", `{` + inProject + `}`},
		"a merge request that is none":      {"Merge Request Hook", `{"object_kind":"merge_request",` + inProject + `}`},
		"a merge request without a number":  {"Merge Request Hook", `{"object_kind":"merge_request","object_attributes":{},` + inProject + `}`},
		"a merge request of an odd head":    {"Merge Request Hook", `{"object_kind":"merge_request","object_attributes":{"iid":1,"last_commit":{"id":"HEAD"}},` + inProject + `}`},
		"an odd former head":                {"Merge Request Hook", `{"object_kind":"merge_request","object_attributes":{"iid":1,"action":"update","oldrev":"abc"},` + inProject + `}`},
		"an odd merge commit":               {"Merge Request Hook", `{"object_kind":"merge_request","object_attributes":{"iid":1,"state":"merged","merge_commit_sha":"abc"},` + inProject + `}`},
		"a comment that is none":            {"Note Hook", `{"object_kind":"note",` + inProject + `}`},
		"a comment on no merge request":     {"Note Hook", `{"object_kind":"note","object_attributes":{"noteable_type":"MergeRequest"},` + inProject + `}`},
		"a comment on no issue":             {"Note Hook", `{"object_kind":"note","object_attributes":{"noteable_type":"Issue"},` + inProject + `}`},
		"an issue that is none":             {"Issue Hook", `{"object_kind":"issue",` + inProject + `}`},
		"a job of no commit":                {"Job Hook", `{"object_kind":"build","build_name":"x",` + inProject + `}`},
		"a number where a text should be":   {"Push Hook", `{"object_kind":"push","ref":5,` + inProject + `}`},
		"an unknown event that is no JSON":  {"Wiki Page Hook", `{`},
		"a job without a name":              {"Job Hook", `{"object_kind":"build","sha":"` + strings.Repeat("a", 40) + `",` + inProject + `}`},
		"a merge request's number too huge": {"Merge Request Hook", `{"object_kind":"merge_request","object_attributes":{"iid":99999999999999999999},` + inProject + `}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			event, err := parse(header(tc.event), []byte(tc.body))
			if !errors.Is(err, scm.ErrMalformed) || event != nil {
				t.Errorf("event %v with error %v, want ErrMalformed", event, err)
			}
		})
	}
}

func TestParseToleratesWhatServersSend(t *testing.T) {
	cases := map[string]struct {
		event, body string
		want        scm.Kind
	}{
		"an unknown event of any shape":          {"Emoji Hook", `{"object_kind":5,"project":"none"}`, scm.KindIgnored},
		"a system hook":                          {"System Hook", `{"event_name":"project_create","path_with_namespace":"acme/app"}`, scm.KindIgnored},
		"a merge request without users":          {"Merge Request Hook", `{"object_kind":"merge_request","user":null,"object_attributes":{"iid":1,"action":"open","labels":null},"labels":null,` + inProject + `}`, scm.KindPullRequest},
		"an action nobody documented":            {"Merge Request Hook", `{"object_kind":"merge_request","object_attributes":{"iid":1,"action":"pinned"},` + inProject + `}`, scm.KindPullRequest},
		"a comment on a thing nobody thought of": {"Note Hook", `{"object_kind":"note","object_attributes":{"noteable_type":"WikiPage"},` + inProject + `}`, scm.KindIgnored},
		"a SHA-256 repository":                   {"Push Hook", `{"object_kind":"push","ref":"refs/heads/main","before":"` + strings.Repeat("0", 64) + `","after":"` + strings.Repeat("a", 64) + `",` + inProject + `}`, scm.KindPush},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			event, err := parse(header(tc.event), []byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind() != tc.want {
				t.Errorf("kind = %s, want %s", event.Kind(), tc.want)
			}
		})
	}
}

func TestWhatADeliveryIsKnownBy(t *testing.T) {
	body := scmtest.Read(t, "testdata/webhooks/push_hook.branch.json")
	id := func(h http.Header, body []byte) string {
		t.Helper()
		event, err := parse(h, body)
		if err != nil {
			t.Fatal(err)
		}
		return event.Envelope().ID
	}
	keyed := header("Push Hook")
	again := header("Push Hook")
	again.Set("X-Gitlab-Webhook-UUID", "00000000-0000-4000-8000-000000000000")
	redacted := bytes.ReplaceAll(body, []byte("Bob"), []byte("[REDACTED]"))
	if id(keyed, body) != id(again, redacted) {
		t.Error("a redelivery, of which GitLab keeps the key and not every word, has another id")
	}
	other := header("Push Hook")
	other.Set("Idempotency-Key", "7c6e0583-49f2-4dc5-a50b-4c0bcf3c1b27")
	if id(keyed, body) == id(other, body) {
		t.Error("the same push once more has the id of the first")
	}
	old := header("Push Hook")
	old.Del("Idempotency-Key")
	unkeyed := id(old, body)
	if unkeyed != id(old, body) || unkeyed == id(old, redacted) || unkeyed == id(keyed, body) {
		t.Error("without a key it is not the body that counts")
	}
}

func TestASignedDeliveryIsKnownByWhatWasSigned(t *testing.T) {
	body := scmtest.Read(t, "testdata/webhooks/push_hook.branch.json")
	id := func(key string) string {
		t.Helper()
		h := header("Push Hook")
		h.Del("X-Gitlab-Token")
		h.Set("Idempotency-Key", key)
		h.Set("webhook-id", "3a427872")
		h.Set("webhook-timestamp", "1770000000")
		h.Set("webhook-signature", signature(strings.Repeat("k", 32), "3a427872", "1770000000", body))
		event, err := gitlab.Driver{}.Parse(h, body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte(signingSecret)}})
		if err != nil {
			t.Fatal(err)
		}
		return event.Envelope().ID
	}
	if id("3a427872") != id("forged") {
		t.Error("a replayed delivery passes for another by a header that is not signed")
	}
}

func TestMutilatedBodiesBreakNothing(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range files {
		body := scmtest.Read(t, file)
		for range 200 {
			cut := bytes.Clone(body[:random.IntN(len(body))])
			changed := bytes.Clone(body)
			changed[random.IntN(len(changed))] = byte(random.IntN(256))
			for _, broken := range [][]byte{cut, changed} {
				if e, err := parse(header(native(file)), broken); err != nil && !errors.Is(err, scm.ErrMalformed) || err == nil && e == nil {
					t.Fatalf("%s: event %v with error %v of %s", file, e, err, broken)
				}
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
		f.Add(native(file), scmtest.Read(f, file))
	}
	f.Add("", []byte("null"))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		h := http.Header{"X-Gitlab-Event": {event}, "X-Gitlab-Token": {secret}}
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
		h.Set("X-Gitlab-Token", "forged")
		if _, err := parse(h, body); !errors.Is(err, scm.ErrSignature) {
			t.Fatalf("forged delivery: %v", err)
		}
	})
}
