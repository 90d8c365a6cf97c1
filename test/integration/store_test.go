package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/pkg/storage/storetest"
	"github.com/pharos-ci/pharos/test/harness"
)

func cluster(t *testing.T) *harness.Cluster {
	t.Helper()
	c, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func unique(name string) string { return fmt.Sprintf("%s-%x", name, time.Now().UnixNano()&0xffffffff) }

// newBucket is the way to an empty bucket of the cluster's server.
func newBucket(t *testing.T, c *harness.Cluster) storage.S3Options {
	t.Helper()
	bucket, err := harness.CreateBucket(t.Context(), c, unique("store"))
	if err != nil {
		t.Fatal(err)
	}
	return storage.S3Options{
		Endpoint: c.S3.Endpoint, Region: c.S3.Region, Bucket: bucket.Name, Prefix: "some/prefix",
		AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey,
	}
}

func open(t *testing.T, o storage.S3Options) storage.Store {
	t.Helper()
	store, err := storage.OpenS3(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestTheS3StoreKeepsTheContractOfStores(t *testing.T) {
	c := cluster(t)
	storetest.StoreContract(t, func() storage.Store { return open(t, newBucket(t, c)) })
}

// front passes requests on to a server as they are, but for those that meddle answers itself.
func front(t *testing.T, server string, meddle func(http.ResponseWriter, *http.Request, http.Handler) bool) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		Transport: &http.Transport{DisableCompression: true},
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !meddle(w, r, pass) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// virtualDomain is resolved by nothing; a proxy leads to the server behind it.
const virtualDomain = "s3.pharos.test"

// direct tells the test binary, run as a client of that proxy, where the server is.
const direct = "PHAROS_TEST_S3"

func TestTheS3StoreFindsTheBucketByHostName(t *testing.T) {
	c := cluster(t)
	if address := os.Getenv(direct); address != "" {
		c.S3.Endpoint = address
		virtual := false
		storetest.StoreContract(t, func() storage.Store {
			o := newBucket(t, c)
			o.Endpoint, o.PathStyle = "http://"+virtualDomain, &virtual
			return open(t, o)
		})
		return
	}
	server := hostStyleServer(t, c)
	var named atomic.Int64
	proxy := front(t, server, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if strings.HasSuffix(r.Host, "."+virtualDomain) {
			named.Add(1)
		}
		return false
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Go reads the proxy once in a process, so the client is another one.
	client := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.timeout=5m")
	client.Env = append(os.Environ(), direct+"="+server, "HTTP_PROXY="+proxy, "NO_PROXY=")
	if out, err := client.CombinedOutput(); err != nil {
		t.Fatalf("client: %v\n%s", err, out)
	}
	if named.Load() == 0 {
		t.Error("no request came by host name")
	}
}

// hostStyleServer runs the cluster's S3 server once more, told that hosts may name buckets.
func hostStyleServer(t *testing.T, c *harness.Cluster) string {
	t.Helper()
	address, err := harness.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	server := exec.Command(serverProgram(t), "--port", address, "--region", c.S3.Region, "--quiet", "--health", "/healthz",
		"--virtual-domain", virtualDomain, "posix", data)
	server.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+c.S3.AccessKey, "ROOT_SECRET_KEY="+c.S3.SecretKey)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = server.Wait() // says that it was killed
	})
	err = harness.Until(t.Context(), time.Minute, "the S3 server", func() (bool, string) {
		answer, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false, err.Error()
		}
		return answer.StatusCode == http.StatusOK && answer.Body.Close() == nil, answer.Status
	})
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}

// serverProgram is what the cluster's S3 server runs.
func serverProgram(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(os.Getenv(harness.StateVariable))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Parts map[string]struct{ PID int }
	}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", state.Parts["s3"].PID))
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func read(t *testing.T, s storage.Store, key string) string {
	t.Helper()
	object, err := s.Get(t.Context(), key, storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(object.Body)
	if err := errors.Join(err, object.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheS3StoreKnowsItsWritesWhenAnswersAreLost(t *testing.T) {
	c := cluster(t)
	o := newBucket(t, c)
	// The server does what it is asked, and the first answer to each kind of write never arrives.
	var lost [3]atomic.Bool
	o.Endpoint = front(t, c.S3.Endpoint, func(_ http.ResponseWriter, r *http.Request, server http.Handler) bool {
		kind := -1
		switch {
		case r.Header.Get("If-None-Match") != "" && r.Method == http.MethodPut:
			kind = 0
		case r.Header.Get("If-Match") != "" && r.Method == http.MethodPut:
			kind = 1
		case r.URL.Query().Has("uploadId") && r.Method == http.MethodPost:
			kind = 2
		}
		if kind < 0 || lost[kind].Swap(true) {
			return false
		}
		server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
	store := open(t, o)
	if err := store.Put(t.Context(), "x", strings.NewReader("first"), storage.PutOptions{IfAbsent: true}); err != nil {
		t.Fatalf("put where nothing is: %v", err)
	}
	info, err := store.Head(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), "x", strings.NewReader("second"), storage.PutOptions{IfMatch: info.ETag}); err != nil {
		t.Errorf("put over the first: %v", err)
	}
	upload, err := store.Begin(t.Context(), "y", storage.PutOptions{IfAbsent: true})
	if err == nil {
		err = upload.Put(t.Context(), 1, []byte("third"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Complete(t.Context()); err != nil {
		t.Errorf("complete: %v", err)
	}
	if got := read(t, store, "x") + read(t, store, "y"); got != "secondthird" {
		t.Errorf("stored %q", got)
	}
	for kind := range lost {
		if !lost[kind].Load() {
			t.Errorf("no write of kind %d lost its answer", kind)
		}
	}
}

func TestTheS3StoreManagesWithoutConditionalWrites(t *testing.T) {
	c := cluster(t)
	o := newBucket(t, c)
	o.Endpoint = front(t, c.S3.Endpoint, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		conditional := r.Method != http.MethodGet && r.Header.Get("If-None-Match")+r.Header.Get("If-Match") != ""
		if conditional {
			w.WriteHeader(http.StatusNotImplemented)
		}
		return conditional
	})
	store := open(t, o)
	for _, text := range []string{"short", strings.Repeat("long", 3<<20)} {
		key := text[:4]
		put := func(opts storage.PutOptions) error { return store.Put(t.Context(), key, strings.NewReader(text), opts) }
		if err := put(storage.PutOptions{IfAbsent: true}); err != nil {
			t.Fatal(err)
		}
		if err := put(storage.PutOptions{IfAbsent: true}); !errors.Is(err, storage.ErrExists) {
			t.Errorf("put again: %v, want ErrExists", err)
		}
		if err := put(storage.PutOptions{IfMatch: `"stale"`}); !errors.Is(err, storage.ErrChanged) {
			t.Errorf("put over something else: %v, want ErrChanged", err)
		}
		info, err := store.Head(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := put(storage.PutOptions{IfMatch: info.ETag}); err != nil {
			t.Error(err)
		}
		if read(t, store, key) != text {
			t.Errorf("%s is not what was put", key)
		}
	}
}

func TestTheS3StoreTellsWhatIsWrong(t *testing.T) {
	c := cluster(t)
	for name, tc := range map[string]struct {
		set  func(*storage.S3Options)
		want string
	}{
		"another secret":     {func(o *storage.S3Options) { o.SecretKey = "other" }, "correct the secret key"},
		"another access key": {func(o *storage.S3Options) { o.AccessKey = "other" }, "does not know the access key"},
		"another region":     {func(o *storage.S3Options) { o.Region = "eu-test-1" }, "set its region"},
		"an absent bucket":   {func(o *storage.S3Options) { o.Bucket = "absent-bucket" }, "create it or name another"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newBucket(t, c)
			tc.set(&o)
			store := open(t, o)
			_, getErr := store.Get(t.Context(), "x", storage.Range{})
			_, beginErr := store.Begin(t.Context(), "x", storage.PutOptions{})
			for call, err := range map[string]error{
				"put":   store.Put(t.Context(), "x", strings.NewReader("x"), storage.PutOptions{}),
				"get":   getErr,
				"begin": beginErr,
				"list":  listError(t.Context(), store),
			} {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("%s: %v, want %q", call, err, tc.want)
				}
			}
		})
	}
}

func listError(ctx context.Context, s storage.Store) error {
	for _, err := range s.List(ctx, "") {
		return err
	}
	return nil
}
