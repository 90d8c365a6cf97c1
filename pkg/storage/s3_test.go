package storage_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// server is a loopback HTTP server that remembers what it was asked.
type server struct {
	URL   string
	mu    sync.Mutex
	asked []*http.Request
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := new(server)
	listening := httptest.NewServer(s.record(answer))
	t.Cleanup(listening.Close)
	s.URL = listening.URL
	return s
}

func (s *server) record(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		answer(w, r)
	})
}

// requests are those since the last call.
func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func openS3(t *testing.T, o storage.S3Options) *storage.S3Store {
	t.Helper()
	store, err := storage.OpenS3(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// at is a bucket of a server with static keys.
func at(endpoint string) storage.S3Options {
	return storage.S3Options{Endpoint: endpoint, Region: "eu-test-1", Bucket: "bucket", Prefix: "prefix", AccessKey: "access", SecretKey: "secret"}
}

func putText(t *testing.T, s storage.Store) error {
	t.Helper()
	return s.Put(t.Context(), "a/b", strings.NewReader("text"), storage.PutOptions{})
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestS3AsksForEncryption(t *testing.T) {
	bucket := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Has("uploads"):
			fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>`)
		case r.Header.Get("X-Amz-Copy-Source") != "":
			fmt.Fprint(w, `<CopyObjectResult><ETag>"x"</ETag></CopyObjectResult>`)
		}
	})
	for name, tc := range map[string]struct{ sse, key string }{
		"none":           {},
		"the bucket's":   {sse: "AES256"},
		"KMS":            {sse: "aws:kms"},
		"KMS with a key": {sse: "aws:kms", key: "arn:aws:kms:eu-test-1:1:key/1"},
	} {
		t.Run(name, func(t *testing.T) {
			o := at(bucket.URL)
			o.SSE, o.KMSKeyID = tc.sse, tc.key
			store := openS3(t, o)
			_, err := store.Begin(t.Context(), "a/b", storage.PutOptions{})
			if err := errors.Join(err, putText(t, store), store.Copy(t.Context(), "a/b", "c")); err != nil {
				t.Fatal(err)
			}
			writes := 0
			for _, r := range bucket.requests() {
				if r.Method == http.MethodHead {
					continue
				}
				writes++
				got := [2]string{r.Header.Get("X-Amz-Server-Side-Encryption"), r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")}
				if got != [2]string{tc.sse, tc.key} {
					t.Errorf("%s %s asks for %q", r.Method, r.URL, got)
				}
			}
			if writes != 3 {
				t.Errorf("saw %d writes, want 3", writes)
			}
		})
	}
}

// signedBy tells whether the request has the signature of these keys.
func signedBy(t *testing.T, r *http.Request, keys aws.Credentials) bool {
	t.Helper()
	signed := r.Clone(t.Context())
	signed.URL.Host = r.Host
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	for name := range signed.Header {
		if !strings.Contains(";"+names+";", ";"+strings.ToLower(name)+";") {
			signed.Header.Del(name)
		}
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(t.Context(), keys, signed, r.Header.Get("X-Amz-Content-Sha256"), "s3", "eu-test-1", date); err != nil {
		t.Fatal(err)
	}
	return signed.Header.Get("Authorization") == r.Header.Get("Authorization")
}

func TestS3SignsWithTheKeysOfFiles(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "environment")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "environment")
	bucket := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, tc := range map[string]struct {
		set  func(*storage.S3Options)
		want aws.Credentials
	}{
		"one file for each key": {func(o *storage.S3Options) {
			o.AccessKeyFile, o.SecretKeyFile = writeFile(t, "access", "A1\n"), writeFile(t, "secret", "S1\n")
		}, aws.Credentials{AccessKeyID: "A1", SecretAccessKey: "S1"}},
		"AWS's credentials file": {func(o *storage.S3Options) {
			o.CredentialsFile = writeFile(t, "credentials",
				"[other]\naws_access_key_id = X\n[default]\naws_access_key_id = A2\naws_secret_access_key = S2\naws_session_token = T2\n")
		}, aws.Credentials{AccessKeyID: "A2", SecretAccessKey: "S2", SessionToken: "T2"}},
		"the environment where nothing is set": {func(*storage.S3Options) {}, aws.Credentials{AccessKeyID: "environment", SecretAccessKey: "environment"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := at(bucket.URL)
			o.AccessKey, o.SecretKey = "", ""
			tc.set(&o)
			if err := putText(t, openS3(t, o)); err != nil {
				t.Fatal(err)
			}
			for _, r := range bucket.requests() {
				if !signedBy(t, r, tc.want) {
					t.Errorf("signed as %s", r.Header.Get("Authorization"))
				}
			}
		})
	}
}

func TestS3AssumesARoleByWebIdentity(t *testing.T) {
	token := writeFile(t, "token", "token-1")
	sts := serve(t, func(w http.ResponseWriter, r *http.Request) {
		want := url.Values{
			"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
			"RoleArn": {"arn:aws:iam::1:role/logs"}, "RoleSessionName": {"pharos"},
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		secret := map[string]string{"token-1": "secret-1", "token-2": "secret-2"}[r.PostForm.Get("WebIdentityToken")]
		r.PostForm.Del("WebIdentityToken")
		if diff := cmp.Diff(want, r.PostForm); diff != "" || secret == "" {
			http.Error(w, `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`, http.StatusForbidden)
			return
		}
		// So short-lived that the next request needs new ones.
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>`+
			`<AccessKeyId>temporary</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>session</SessionToken>`+
			`<Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			secret, time.Now().Add(30*time.Second).UTC().Format(time.RFC3339))
	})
	bucket := serve(t, func(http.ResponseWriter, *http.Request) {})
	o := at(bucket.URL)
	o.AccessKey, o.SecretKey = "", ""
	o.RoleARN, o.WebIdentityTokenFile, o.STSEndpoint = "arn:aws:iam::1:role/logs", token, sts.URL
	store := openS3(t, o)
	for _, n := range []string{"1", "2"} {
		if err := os.WriteFile(token, []byte("token-"+n), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := putText(t, store); err != nil {
			t.Fatal(err)
		}
		keys := aws.Credentials{AccessKeyID: "temporary", SecretAccessKey: "secret-" + n, SessionToken: "session"}
		for _, r := range bucket.requests() {
			if !signedBy(t, r, keys) || r.Header.Get("X-Amz-Security-Token") != "session" {
				t.Errorf("signed as %s", r.Header.Get("Authorization"))
			}
		}
	}
	if err := os.WriteFile(token, []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := putText(t, store)
	if err == nil || !strings.Contains(err.Error(), "the token service gives no credentials") || len(bucket.requests()) > 0 {
		t.Errorf("put with a token that the STS refuses: %v", err)
	}
}

func TestS3SaysWhichCredentialsAreMissing(t *testing.T) {
	bucket := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, tc := range map[string]struct {
		set  func(*storage.S3Options)
		want string
	}{
		"an absent file":         {func(o *storage.S3Options) { o.CredentialsFile = filepath.Join(t.TempDir(), "none") }, "read S3 credentials: stat"},
		"a file of another kind": {func(o *storage.S3Options) { o.CredentialsFile = writeFile(t, "c", "hello") }, "below [default]"},
		"a profile without keys": {func(o *storage.S3Options) { o.CredentialsFile = writeFile(t, "c", "[default]\nregion = x\n") }, "below [default]"},
		"an absent key file": {func(o *storage.S3Options) {
			o.AccessKeyFile, o.SecretKeyFile = filepath.Join(t.TempDir(), "none"), writeFile(t, "s", "s")
		}, "read S3 access key: open"},
		"an absent token": {func(o *storage.S3Options) {
			o.RoleARN, o.WebIdentityTokenFile, o.STSEndpoint = "arn", filepath.Join(t.TempDir(), "none"), bucket.URL
		}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			o := at(bucket.URL)
			o.AccessKey, o.SecretKey = "", ""
			tc.set(&o)
			if err := putText(t, openS3(t, o)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("put: %v, want %q", err, tc.want)
			}
		})
	}
}

func TestOpenS3RefusesWhatCannotWork(t *testing.T) {
	for name, tc := range map[string]struct {
		set  func(*storage.S3Options)
		want string
	}{
		"no bucket":             {func(o *storage.S3Options) { o.Bucket = "" }, "no bucket"},
		"a prefix with dots":    {func(o *storage.S3Options) { o.Prefix = "a/../b" }, "prefix"},
		"an unknown encryption": {func(o *storage.S3Options) { o.SSE = "rot13" }, `use "AES256", "aws:kms" or none`},
		"a key without KMS":     {func(o *storage.S3Options) { o.KMSKeyID = "key" }, "KMS key"},
		"half a pair of keys":   {func(o *storage.S3Options) { o.SecretKey = "" }, "half of the credentials"},
		"a role without token":  {func(o *storage.S3Options) { o.RoleARN = "arn" }, "half of the credentials"},
		"two kinds of keys":     {func(o *storage.S3Options) { o.CredentialsFile = "file" }, "keep one of"},
		"an STS without role":   {func(o *storage.S3Options) { o.STSEndpoint = "http://x" }, "without a role"},
		"an absent CA file":     {func(o *storage.S3Options) { o.CAFile = "absent" }, "read CA certificates"},
		"a CA file without PEM": {func(o *storage.S3Options) { o.CAFile = writeFile(t, "ca", "x") }, "holds none in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			o := at("http://127.0.0.1")
			tc.set(&o)
			if _, err := storage.OpenS3(t.Context(), o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("open: %v, want %q", err, tc.want)
			}
		})
	}
}

func TestS3TrustsTheNamedAuthority(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of our refusal
	secure.StartTLS()
	t.Cleanup(secure.Close)
	o := at(secure.URL)
	o.CAFile = writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	if err := putText(t, openS3(t, o)); err != nil {
		t.Error(err)
	}
	if err := putText(t, openS3(t, at(secure.URL))); err == nil || !strings.Contains(err.Error(), "name a file with the authority's") {
		t.Errorf("put to a server of an unknown authority: %v", err)
	}
}

func TestS3TellsTheRemedy(t *testing.T) {
	const forbidden, missing = http.StatusForbidden, http.StatusNotFound
	for code, tc := range map[string]struct {
		status int
		want   string // of every call but head, whose answers have no code
	}{
		"NoSuchBucket":                 {missing, "bucket bucket does not exist at http://127.0.0.1"},
		"PermanentRedirect":            {http.StatusMovedPermanently, "bucket bucket is in region us-test-7 and not at"},
		"AuthorizationHeaderMalformed": {http.StatusBadRequest, "set that region"},
		"RequestTimeTooSkewed":         {forbidden, "synchronise them"},
		"SignatureDoesNotMatch":        {forbidden, "correct the secret key"},
		"InvalidAccessKeyId":           {forbidden, "does not know the access key"},
		"ExpiredToken":                 {http.StatusBadRequest, "renew the credentials"},
		"AccessDenied":                 {forbidden, "grant the credentials s3:GetObject"},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel() // the SDK waits before it repeats some of them
			bucket := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", "us-test-7")
				w.WriteHeader(tc.status)
				fmt.Fprintf(w, `<Error><Code>%s</Code><Message>told by the server</Message></Error>`, code)
			})
			store := openS3(t, at(bucket.URL))
			_, getErr := store.Get(t.Context(), "a/b", storage.Range{})
			for _, err := range []error{putText(t, store), getErr} {
				if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "told by the server") {
					t.Errorf("error is %v, want %q", err, tc.want)
				}
				if errors.Is(err, storage.ErrNotExist) {
					t.Errorf("%v is taken for an absent key", err)
				}
			}
			_, err := store.Head(t.Context(), "a/b")
			switch tc.status {
			case http.StatusMovedPermanently, http.StatusBadRequest:
				if err == nil || !strings.Contains(err.Error(), "set that region") {
					t.Errorf("head: %v, want the region", err)
				}
			case forbidden:
				if err == nil || !strings.Contains(err.Error(), "grant the credentials") {
					t.Errorf("head: %v, want the permissions", err)
				}
			}
		})
	}
}

// memory answers as a server does that takes no notice of conditions.
func memory() http.HandlerFunc {
	var objects sync.Map
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			objects.Store(r.URL.Path, r.Header.Get("X-Amz-Meta-Pharos-Write"))
			return
		}
		mark, ok := objects.Load(r.URL.Path)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf("%q", mark))
	}
}

func TestS3ChecksBeforeItWritesWhereServersDoNot(t *testing.T) {
	for name, conditional := range map[string]int{"ignored": 0, "not implemented": http.StatusNotImplemented} {
		t.Run(name, func(t *testing.T) {
			objects := memory()
			bucket := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if conditional != 0 && r.Header.Get("If-None-Match")+r.Header.Get("If-Match") != "" {
					w.WriteHeader(conditional)
					return
				}
				objects(w, r)
			})
			store := openS3(t, at(bucket.URL))
			put := func(key string, opts storage.PutOptions) error {
				return store.Put(t.Context(), key, strings.NewReader("x"), opts)
			}
			if err := put("a", storage.PutOptions{IfAbsent: true}); err != nil {
				t.Fatal(err)
			}
			if err := put("a", storage.PutOptions{IfAbsent: true}); !errors.Is(err, storage.ErrExists) {
				t.Errorf("second put: %v, want ErrExists", err)
			}
			if err := put("a", storage.PutOptions{IfMatch: `"stale"`}); !errors.Is(err, storage.ErrChanged) {
				t.Errorf("put over something else: %v, want ErrChanged", err)
			}
			info, err := store.Head(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			bucket.requests()
			if err := put("a", storage.PutOptions{IfMatch: info.ETag}); err != nil {
				t.Error(err)
			}
			if n := len(bucket.requests()); n != 2 {
				t.Errorf("%d requests for a conditional put, want a check and a write", n)
			}
		})
	}
}

func TestS3KnowsItsOwnWriteWhenTheAnswerWasLost(t *testing.T) {
	t.Parallel() // the SDK waits before it repeats
	objects := memory()
	var once sync.Once
	bucket := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			lost := false
			once.Do(func() { lost = true })
			if lost {
				objects(w, r)
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		w.Header().Set("X-Amz-Meta-Pharos-Write", markOf(r, objects))
		objects(w, r)
	})
	store := openS3(t, at(bucket.URL))
	if err := store.Put(t.Context(), "a", strings.NewReader("x"), storage.PutOptions{IfAbsent: true}); err != nil {
		t.Error(err)
	}
	if err := store.Put(t.Context(), "a", strings.NewReader("x"), storage.PutOptions{IfAbsent: true}); !errors.Is(err, storage.ErrExists) {
		t.Errorf("second put: %v, want ErrExists", err)
	}
}

// markOf is the ETag that memory gives, which is the object's mark.
func markOf(r *http.Request, objects http.HandlerFunc) string {
	answer := httptest.NewRecorder()
	objects(answer, r)
	return strings.Trim(answer.Header().Get("ETag"), `"`)
}

// proxied makes the test binary a client that has a proxy in its environment, which Go reads once in a process.
const proxied = "PHAROS_TEST_PROXIED"

func TestS3GoesThroughTheProxy(t *testing.T) {
	if os.Getenv(proxied) != "" {
		o := at("http://s3.pharos.test")
		virtual := false
		o.PathStyle = &virtual
		if err := putText(t, openS3(t, o)); err != nil {
			t.Error(err)
		}
		return
	}
	proxy := serve(t, func(http.ResponseWriter, *http.Request) {})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := exec.CommandContext(ctx, self, "-test.run=^"+t.Name()+"$", "-test.count=1")
	client.Env = append(os.Environ(), proxied+"=1", "HTTP_PROXY="+proxy.URL, "NO_PROXY=")
	if out, err := client.CombinedOutput(); err != nil {
		t.Fatalf("client: %v\n%s", err, out)
	}
	var got []string
	for _, r := range proxy.requests() {
		got = append(got, r.Method+" "+r.RequestURI)
	}
	if diff := cmp.Diff([]string{"PUT http://bucket.s3.pharos.test/prefix/a/b?x-id=PutObject"}, got); diff != "" {
		t.Errorf("asked the proxy (-want +got):\n%s", diff)
	}
}
