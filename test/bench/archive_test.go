package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/test/harness"
)

const (
	archiveSize = 512 * mib
	// archiveRounds are the uploads and archivings that medians are taken of.
	archiveRounds = 5
	// sentAtMost is what may be sent to the store for each byte that a log has there: beside the log its index, and what a
	// process that takes over needs. On a busy machine some text waits for so long that it is sent as chunks, too.
	sentAtMost, chunksAtMost = 1.05, 64 * mib
)

// TestArchivingAgainstAPlainUpload has one step print as fast as it is read. A round is a plain multipart upload of the same
// text by the same store, one that sends four parts at once, and the archiving of the run.
func TestArchivingAgainstAPlainUpload(t *testing.T) {
	cluster, store := openBucket(t, "archive")
	printed()
	rows := [][]string{{
		"stored as", "plain MiB/s", "of four parts", "log at its key", "run archived", "by bytes stored", "CPU s/GiB, plain: here + store", "archiving: here + store",
	}}
	for i, name := range []string{"text", "gzip"} {
		t.Run(name, func(t *testing.T) {
			var plain, parts, log, run samples
			var kept int64
			for round := range archiveRounds {
				plain.measure(t, cluster, func() time.Duration { return timed(func() { upload(t, store, 1) }) })
				parts.measure(t, cluster, func() time.Duration { return timed(func() { upload(t, store, 4) }) })
				a := newArchiving(store, round, i == 1)
				run.measure(t, cluster, func() time.Duration {
					a.ship(t)
					return a.run
				})
				log.took = append(log.took, a.log)
				kept = a.verify(t, round == archiveRounds-1)
				empty(t.Context(), t, store, "")
			}
			base := plain.median()
			part := func(s samples) string { return fmt.Sprintf("%.2f", base.Seconds()/s.median().Seconds()) }
			rows = append(rows, []string{
				name, fmt.Sprintf("%.0f", archiveSize/mib/base.Seconds()), part(parts), part(log), part(run),
				fmt.Sprintf("%.2f", base.Seconds()/run.median().Seconds()*float64(kept)/archiveSize), plain.usage(), run.usage(),
			})
		})
	}
	table(t, fmt.Sprintf("Archiving a step that prints %d MiB, in parts of a plain upload's throughput, medians of %d", archiveSize/mib, archiveRounds), rows...)
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// samples are how long the same work took, and the processor time of all.
type samples struct {
	took        []time.Duration
	here, store time.Duration
}

func (s *samples) measure(tb testing.TB, cluster *harness.Cluster, do func() time.Duration) {
	tb.Helper()
	used := func() (here, store time.Duration) {
		own, err := ownUsage()
		if err != nil {
			tb.Fatal(err)
		}
		if store, err = cluster.CPU("s3"); err != nil {
			tb.Fatal(err)
		}
		return own.CPU, store
	}
	here, store := used()
	s.took = append(s.took, do())
	hereAfter, storeAfter := used()
	s.here, s.store = s.here+hereAfter-here, s.store+storeAfter-store
}

func (s *samples) median() time.Duration {
	took := slices.Sorted(slices.Values(s.took))
	return took[len(took)/2]
}

// usage is the processor time for a GiB of text.
func (s *samples) usage() string {
	gib := float64(len(s.took)) * archiveSize / (1024 * mib)
	return fmt.Sprintf("%.1f + %.1f", s.here.Seconds()/gib, s.store.Seconds()/gib)
}

// upload stores the text as an object of parts, several of which are sent at once.
func upload(tb testing.TB, store storage.Store, atOnce int) {
	tb.Helper()
	if atOnce == 1 {
		if err := store.Put(tb.Context(), "plain/log", text(archiveSize), storage.PutOptions{}); err != nil {
			tb.Fatal(err)
		}
		return
	}
	const part = 8 * mib
	u, err := store.Begin(tb.Context(), "plain/parallel", storage.PutOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	numbers := make(chan int)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for n := range numbers {
				offset := n * part % len(printed())
				if err := u.Put(tb.Context(), n+1, printed()[offset:offset+part]); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	for n := range archiveSize / part {
		numbers <- n
	}
	close(numbers)
	all.Wait()
	if err := u.Complete(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// archiving is one run with one step, and how long its parts took.
type archiving struct {
	store    *watchedStore
	compress bool
	number   int
	size     int64
	needle   int // the line that is [needle]; 0 for none
	log, run time.Duration
}

func newArchiving(store storage.Store, number int, compress bool) *archiving {
	return &archiving{store: &watchedStore{Store: store, at: make(map[string]time.Time)}, number: number, compress: compress, size: archiveSize}
}

// ship archives the run. The step ends with its text, and the run with the step.
func (a *archiving) ship(tb testing.TB) {
	tb.Helper()
	job := runNumber(a.number)
	changed := make(chan struct{}, 1)
	source := &torrent{bytes: a.size, text: stamped(), needle: a.needle}
	shipper := ship.New(ship.Options{
		Store: a.store, Source: source, Layout: layout, Spool: tb.TempDir(), Compress: a.compress,
		Changed: func(types.NamespacedName) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	ctx, cancel := context.WithCancel(quiet(tb.Context()))
	source.ended = func() { shipper.Observe(ctx, succeeded(job), []corev1.Pod{podOf(job, true, "test")}) }
	done := make(chan error)
	go func() { done <- shipper.Start(ctx) }()
	start := time.Now()
	shipper.Observe(ctx, job, []corev1.Pod{podOf(job, false, "test")})
	for name := (types.NamespacedName{Namespace: job.Namespace, Name: job.Name}); ; <-changed {
		if status, _ := shipper.Status(name); status.Archived {
			break
		}
	}
	a.log, a.run = a.store.since(start, a.key("build-test-build-log.txt")), a.store.since(start, a.key(logs.FinishedFile))
	cancel()
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
}

func (a *archiving) key(file string) string { return path.Join(layout.Run(runNumber(a.number)), file) }

// verify returns the size of all objects. Thorough, it reads both copies of the log.
func (a *archiving) verify(tb testing.TB, thorough bool) (size int64) {
	tb.Helper()
	info, err := a.store.Head(tb.Context(), a.key("build-test-build-log.txt"))
	if err != nil {
		tb.Fatal(err)
	}
	if sent := a.store.sent.Load(); float64(sent) > sentAtMost*float64(info.Size)+chunksAtMost {
		tb.Errorf("%d bytes were sent to the store for a log of %d bytes there", sent, info.Size)
	}
	for entry, err := range a.store.List(tb.Context(), a.key("")) {
		if err != nil {
			tb.Fatal(err)
		}
		size += entry.Size
		if isLog := strings.HasSuffix(entry.Key, logs.BuildLogFile); isLog && thorough {
			sameText(tb, a.store, entry.Key, text(archiveSize))
		}
	}
	return size
}

// torrent is a source that prints as fast as it is read.
type torrent struct {
	bytes int64
	text  []byte // is read by one at a time
	// needle is the number of a line that is another; 0 for none.
	needle int
	// ended is called when all was read for the first time.
	ended func()

	mu     sync.Mutex
	stamps []time.Time // of the blocks that were printed
}

// torrentBlock is the text that is printed at one time.
const torrentBlock = 256 << 10

// Follow implements kubelet.Source.
func (s *torrent) Follow(_ context.Context, _ logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &torrentReader{s: s}
	for r.blocks < len(s.stamps) && s.stamps[r.blocks].Unix() < since.Second {
		r.blocks++
	}
	return io.NopCloser(r), nil
}

// torrentReader reads what was printed, with the times it was printed at, and then prints.
type torrentReader struct {
	s      *torrent
	blocks int // that were read
	rest   []byte
}

// stamped is printed with room for the time before each line.
func stamped() []byte {
	text := make([]byte, 0, len(printed())/lineSize*(stampSize+lineSize))
	for line := range slices.Chunk(printed(), lineSize) {
		text = append(append(text, stampLayout...), line...)
	}
	return text
}

func (r *torrentReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		at, ok := r.s.at(r.blocks)
		if !ok {
			return 0, io.EOF
		}
		r.fill(at)
		r.blocks++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// at is when a block was printed, which may be now; false behind the end.
func (s *torrent) at(block int) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int64(block)*torrentBlock >= s.bytes {
		if s.ended != nil {
			go s.ended()
			s.ended = nil
		}
		return time.Time{}, false
	}
	if block == len(s.stamps) {
		s.stamps = append(s.stamps, time.Now().UTC())
	}
	return s.stamps[block], true
}

// fill makes the next block.
func (r *torrentReader) fill(at time.Time) {
	const lines, size = torrentBlock / lineSize, stampSize + lineSize
	from := r.blocks * lines * size % len(r.s.text)
	r.rest = r.s.text[from : from+lines*size]
	stamp := at.AppendFormat(nil, stampLayout)
	for line := 0; line < len(r.rest); line += size {
		copy(r.rest[line:], stamp)
	}
	if line := r.s.needle - 1 - r.blocks*lines; line >= 0 && line < lines {
		r.rest = slices.Clone(r.rest)
		copy(r.rest[line*size+stampSize:], needle)
	}
}

// watchedStore notes when objects were stored, and counts the bytes that were sent.
type watchedStore struct {
	storage.Store
	sent atomic.Int64

	mu sync.Mutex
	at map[string]time.Time
}

func (w *watchedStore) stored(key string, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.at[key] = time.Now()
	}
	return err
}

func (w *watchedStore) since(start time.Time, key string) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at[key].Sub(start)
}

// Put implements storage.Store.
func (w *watchedStore) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	if r, ok := body.(*bytes.Reader); ok { // all that the shipper puts of one step
		w.sent.Add(int64(r.Len()))
	}
	return w.stored(key, w.Store.Put(ctx, key, body, opts))
}

// Copy implements storage.Store.
func (w *watchedStore) Copy(ctx context.Context, from, to string) error {
	return w.stored(to, w.Store.Copy(ctx, from, to))
}

// Begin implements storage.Store.
func (w *watchedStore) Begin(ctx context.Context, key string, opts storage.PutOptions) (storage.Upload, error) {
	u, err := w.Store.Begin(ctx, key, opts)
	return &watchedUpload{u, w, key}, err
}

type watchedUpload struct {
	storage.Upload
	store *watchedStore
	key   string
}

// Put implements storage.Upload.
func (u *watchedUpload) Put(ctx context.Context, number int, part []byte) error {
	u.store.sent.Add(int64(len(part)))
	return u.Upload.Put(ctx, number, part)
}

// Complete implements storage.Upload.
func (u *watchedUpload) Complete(ctx context.Context) error {
	return u.store.stored(u.key, u.Upload.Complete(ctx))
}

// CopyPart implements storage.PartCopier.
func (u *watchedUpload) CopyPart(ctx context.Context, number int, from string) error {
	return storage.CopyPart(ctx, u.store.Store, u.Upload, number, from)
}
