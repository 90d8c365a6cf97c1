package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// What is printed: by ten steps of each run, first slowly by all, then as fast as it is read.
const (
	streamRuns, stepsOfRun = 50, 10
	streams                = streamRuns * stepsOfRun
	steadyRate             = 5 * mib // bytes in a second, of all together
	steadyTime             = 20 * time.Second
	burstSize              = 512 << 10
	// Every largeEvery-th step prints largeSize at the end instead.
	largeEvery, largeSize = 25, 24 * mib
	// residentLimit is what the shipper's process may have in memory at any time.
	residentLimit = 256 * mib
)

// TestFiveHundredStreamsAtOnce follows as many containers by a shipper in a process of its own. It reads from an imitation of
// the API server's logs and stores with a real S3 server.
func TestFiveHundredStreamsAtOnce(t *testing.T) {
	rows := [][]string{{"stored as", "log MiB", "seconds", "burst MiB/s", "peak MiB", "CPU s/GiB", "objects", "object MiB", "requests", "sent MiB"}}
	for name, compress := range map[string]bool{"text": false, "gzip": true} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, compress)
			defer f.close()
			f.ship(t)
			objects, stored := f.verify(t)
			used := f.usage
			rows = append(rows, []string{
				name, fmt.Sprint(f.printed() / mib), fmt.Sprintf("%.1f", f.took.Seconds()),
				fmt.Sprintf("%.0f", float64(f.printed()-f.steady())/mib/f.burst.Seconds()), fmt.Sprint(used.Peak / mib),
				fmt.Sprintf("%.1f", used.CPU.Seconds()*1024*mib/float64(f.printed())), fmt.Sprint(objects), fmt.Sprint(stored / mib),
				fmt.Sprint(f.requests.total()), fmt.Sprint(f.requests.bytes / mib),
			})
			t.Logf("requests to the store: %v", f.requests.count)
			if used.Peak > residentLimit {
				t.Errorf("the shipper had %d MiB in memory, want at most %d", used.Peak/mib, residentLimit/mib)
			}
		})
	}
	table(t, fmt.Sprintf("%d streams at once: %v at %d MiB/s, then at full speed", streams, steadyTime, steadyRate/mib), rows...)
}

// fleet is the shipper's process with everything around it.
type fleet struct {
	printer  *printer
	api, s3  *httptest.Server
	requests *requests
	store    *storage.S3Store
	child    *exec.Cmd
	usage    childUsage
	// How long it took from the first line to the last run's end, and from the burst's begin on.
	took, burst time.Duration
}

func newFleet(t *testing.T, compress bool) *fleet {
	t.Helper()
	c, store := openBucket(t, "streams")
	target, err := url.Parse(c.S3.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{printer: newPrinter(), requests: &requests{count: make(map[string]int)}, store: store}
	f.api = httptest.NewServer(f.printer)
	f.s3 = httptest.NewServer(f.requests.proxy(target))
	text, err := json.Marshal(childOptions{
		API: f.api.URL, Spool: t.TempDir(), Compress: compress,
		S3: storage.S3Options{
			Endpoint: f.s3.URL, Region: c.S3.Region, Bucket: strings.TrimPrefix(store.URL(), "s3://"), AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.child = exec.Command(os.Args[0])
	f.child.Env = append(os.Environ(), childVariable+"="+string(text))
	f.child.Stderr = os.Stderr
	f.child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return f
}

func (f *fleet) close() {
	f.api.Close()
	f.s3.Close()
}

// ship tells the shipper of the end of each step and waits for its own.
func (f *fleet) ship(t *testing.T) {
	t.Helper()
	news, err := f.child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.child.Start(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	f.printer.begin(start)
	for range streams {
		if _, err := fmt.Fprintln(news, <-f.printer.ended); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewDecoder(bufio.NewReader(answer)).Decode(&f.usage); err != nil {
		t.Fatal(err)
	}
	f.took = time.Since(start)
	f.burst = f.took - steadyTime
	if err := f.child.Wait(); err != nil {
		t.Fatal(err)
	}
}

func (f *fleet) printed() (n int64) {
	for i := range streams {
		n += script(i).bytes()
	}
	return n
}

func (f *fleet) steady() int64 { return streams * script(0).steady * lineSize }

// verify reads every log and counts all objects.
func (f *fleet) verify(t *testing.T) (objects int, stored int64) {
	t.Helper()
	for entry, err := range f.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(entry.Key, "/.live/") {
			t.Errorf("%s is left", entry.Key)
		}
		objects, stored = objects+1, stored+entry.Size
	}
	for i := range streams {
		sameText(t, f.store, path.Join(layout.Run(runNumber(i/stepsOfRun)), "build-"+stepName(i)+"-"+logs.BuildLogFile), script(i).text())
	}
	return objects, stored
}

// requests counts those to the S3 server.
type requests struct {
	mu    sync.Mutex
	count map[string]int
	bytes int64
}

func (r *requests) total() (n int) {
	for _, c := range r.count {
		n += c
	}
	return n
}

func (r *requests) proxy(target *url.URL) http.Handler {
	forward := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host // it is signed
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		r.mu.Lock()
		r.count[kindOf(in)]++
		r.bytes += max(in.ContentLength, 0)
		r.mu.Unlock()
		forward.ServeHTTP(w, in)
	})
}

// kindOf names a request as S3 does.
func kindOf(r *http.Request) string {
	query, copied := r.URL.Query(), r.Header.Get("X-Amz-Copy-Source") != ""
	switch {
	case r.Method == http.MethodPut && query.Has("partNumber") && copied:
		return "UploadPartCopy"
	case r.Method == http.MethodPut && query.Has("partNumber"):
		return "UploadPart"
	case r.Method == http.MethodPut && copied:
		return "CopyObject"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost:
		return "CompleteMultipartUpload"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case query.Has("uploadId"):
		return "ListParts"
	case query.Has("uploads"):
		return "ListMultipartUploads"
	case query.Has("list-type"):
		return "ListObjects"
	}
	return "GetObject"
}

// printer imitates the API server's logs of all containers.
type printer struct {
	// ended gets "run step" once, when a container's log was read to its end.
	ended chan string

	mu    sync.Mutex
	start time.Time
	ready chan struct{} // closed when start is set
	told  [streams]bool
}

func newPrinter() *printer {
	return &printer{ended: make(chan string, streams), ready: make(chan struct{})}
}

// begin has every container print from then on.
func (k *printer) begin(at time.Time) {
	k.start = at
	close(k.ready)
}

func stepName(stream int) string { return fmt.Sprint("step", stream%stepsOfRun) }

// ServeHTTP answers GET /api/v1/namespaces/NAMESPACE/pods/POD/log as the API server does.
func (k *printer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var run, step int
	pod := path.Base(path.Dir(r.URL.Path))
	_, err := fmt.Sscanf(pod+" "+r.URL.Query().Get("container"), "run-%d-pod step-step%d", &run, &step)
	if err != nil || path.Base(r.URL.Path) != "log" || run*stepsOfRun+step >= streams {
		http.NotFound(w, r)
		return
	}
	<-k.ready
	s := script(run*stepsOfRun + step)
	line := int64(0)
	if since, err := time.Parse(time.RFC3339, r.URL.Query().Get("sinceTime")); err == nil {
		for line < s.lines() && k.stamp(s, line).Before(since) {
			line++
		}
	}
	if k.print(w, r, s, line) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if !k.told[s.stream] {
			k.told[s.stream] = true
			k.ended <- fmt.Sprintf("%d %d", run, step)
		}
	}
}

// print writes the lines as they come, from one on; false when the reader went away.
func (k *printer) print(w io.Writer, r *http.Request, s stream, line int64) bool {
	flush := w.(http.Flusher)
	flush.Flush()
	var buf []byte
	for line < s.lines() {
		if wait := time.Until(k.stamp(s, line)); wait > 0 {
			select {
			case <-time.After(wait + 100*time.Millisecond): // as a kubelet that looks now and then
			case <-r.Context().Done():
				return false
			}
		}
		buf = buf[:0]
		for now := time.Now(); line < s.lines() && len(buf) < 64<<10 && !k.stamp(s, line).After(now); line++ {
			buf = k.stamp(s, line).UTC().AppendFormat(buf, stampLayout)
			buf = append(buf, s.line(line)...)
		}
		if _, err := w.Write(buf); err != nil {
			return false
		}
		flush.Flush()
	}
	return true
}

func (k *printer) stamp(s stream, line int64) time.Time {
	if line < s.steady {
		return k.start.Add(time.Duration(line) * steadyTime / time.Duration(s.steady))
	}
	return k.start.Add(steadyTime).Add(time.Duration(line-s.steady) * time.Microsecond)
}

// stream is what one container prints: lines at a steady pace, and more at once.
type stream struct {
	stream       int
	steady, last int64
}

func script(i int) stream {
	s := stream{stream: i, steady: int64(steadyRate*steadyTime.Seconds()) / streams / lineSize, last: burstSize / lineSize}
	if i%largeEvery == 0 {
		s.last = largeSize / lineSize
	}
	return s
}

func (s stream) lines() int64 { return s.steady + s.last }
func (s stream) bytes() int64 { return s.lines() * lineSize }

func (s stream) line(n int64) []byte {
	at := (int64(s.stream)*7919 + n) * lineSize % int64(len(printed()))
	return printed()[at : at+lineSize]
}

func (s stream) text() io.Reader {
	r := &again{rest: printed()[int64(s.stream)*7919*lineSize%int64(len(printed())):]}
	return io.LimitReader(r, s.bytes())
}
