package logs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// lifeContainers are the containers of lab.life, by the names of their steps.
var lifeContainers = map[string]logs.ContainerRef{
	"build-clone":  {Namespace: "ci", Pod: "p1", UID: "p1-uid", Container: "step-clone"},
	"build-test":   {Namespace: "ci", Pod: "p1", UID: "p1-uid", Container: "step-test"},
	"publish-push": {Namespace: "ci", Pod: "p2", UID: "p2-uid", Container: "step-push"},
}

// stepText is a step's archived text, read by its index and as a whole, which have to agree.
func stepText(l *lab, name string) string {
	l.t.Helper()
	key := runPath + "/" + name + "-build-log.txt"
	stored := l.store.text(l.t, key)
	file, err := logfile.Open([]byte(l.file(name+"-build-log.idx")), func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(stored[offset : offset+length])), nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	var text bytes.Buffer
	if err := file.Text(l.t.Context(), 0, file.Info().Bytes, &text); err != nil {
		l.t.Fatal(err)
	}
	info, err := l.store.Head(l.t.Context(), key)
	if err != nil {
		l.t.Fatal(err)
	}
	if whole := inflated(l.t, stored, info); whole != text.String() {
		l.t.Errorf("%s as a whole differs from what its index says (-whole +index):\n%s", name, cmp.Diff(whole, text.String()))
	}
	return text.String()
}

func inflated(t *testing.T, stored string, info storage.Info) string {
	t.Helper()
	if info.ContentEncoding == "" {
		return stored
	}
	r, err := gzip.NewReader(strings.NewReader(stored))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestShipperKilledAtAnyPointLosesAndDoublesNothing(t *testing.T) {
	for name, options := range map[string]logs.ShipperOptions{
		"chunks":                           {},
		"segments, since the disk is full": {SpoolLimit: 64 << 10},
		"compressed segments":              {SpoolLimit: 64 << 10, Compress: true},
	} {
		t.Run(name, func(t *testing.T) {
			for after := range 2 { // killed before or after the operation took effect
				for kill, done := 1, false; !done; kill++ {
					done = livesThrough(t, options, kill, after == 1)
				}
			}
		})
	}
}

// livesThrough plays a life in which the shipper is killed at an operation, and says that it did not come so far.
func livesThrough(t *testing.T, options logs.ShipperOptions, kill int, after bool) (unharmed bool) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.options = options
		mortal := &mortal{memory: l.store, left: kill, after: after, dead: make(chan struct{})}
		l.start(mortal)
		// The run goes on whether we live or not; half a second after the death another process takes over.
		revived := false
		l.life(func(d time.Duration) {
			for range d / (100 * time.Millisecond) {
				time.Sleep(100 * time.Millisecond)
				if !revived && mortal.isDead() {
					l.stop()
					time.Sleep(500 * time.Millisecond)
					l.start(l.store)
					l.observe()
					revived = true
				}
			}
		})
		for !mortal.isDead() && !l.status().Archived {
			time.Sleep(100 * time.Millisecond)
		}
		if mortal.isDead() && !revived {
			l.stop()
			l.start(l.store)
			l.observe()
		}
		unharmed = !mortal.isDead()
		l.archived()
		l.stop()
		for name, ref := range lifeContainers {
			if got, want := stepText(l, name), l.kubelet.printed(ref); got != want {
				t.Fatalf("killed at operation %d: %s (-want +got):\n%s", kill, name, cmp.Diff(want, got))
			}
		}
		if left := l.store.under(runPath + "/.live/"); len(left) > 0 || len(l.store.uploads) > 0 {
			t.Errorf("killed at operation %d: left %v and %d uploads", kill, left, len(l.store.uploads))
		}
		if got := l.file("finished.json"); !strings.Contains(got, `"SUCCESS"`) {
			t.Errorf("killed at operation %d: finished.json %s", kill, got)
		}
	})
	return unharmed
}

// words are MiB of lines that compress to about a half.
func words(mib int) []entry {
	random := rand.New(rand.NewPCG(1, 2))
	entries := make([]entry, mib*32)
	start := time.Now().Add(-time.Hour)
	for i := range entries {
		var b strings.Builder
		for b.Len() < 32<<10-1-12 {
			fmt.Fprintf(&b, "%x ", random.Uint64())
		}
		entries[i] = entry{at: start.Add(time.Duration(i) * time.Millisecond), text: b.String()[:32<<10-1-12]}
	}
	return entries
}

func TestShipperOfALargeLogKilledWhenItIsJoined(t *testing.T) {
	entries := words(9)
	for kill, done := 1, false; !done; kill++ {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			mortal := &mortal{memory: l.store, left: kill, dead: make(chan struct{})}
			l.start(mortal)
			refs := l.pod("p1", "build", "test")
			l.kubelet.print(refs[0], entries...)
			l.end(refs[0], 0)
			l.finish(v1alpha1.StateSuccess)
			l.observe()
			select {
			case <-mortal.dead:
				l.stop()
				l.start(l.store)
				l.observe()
			case <-time.After(time.Hour):
				done = true
			}
			l.archived()
			l.stop()
			if got, want := stepText(l, "build-test"), l.kubelet.printed(refs[0]); got != want {
				t.Fatalf("killed at operation %d: %d bytes, want %d", kill, len(got), len(want))
			}
			if got, want := l.file("build-log.txt"), l.kubelet.printed(refs[0]); got != want {
				t.Fatalf("killed at operation %d: build-log.txt has %d bytes, want %d", kill, len(got), len(want))
			}
			if len(l.store.uploads) > 0 {
				t.Errorf("killed at operation %d: left %d uploads", kill, len(l.store.uploads))
			}
		})
	}
}

func TestAFastStreamIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "test")
		l.kubelet.print(refs[0], words(64)...)
		l.end(refs[0], 0)
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		l.archived()
		want := l.kubelet.printed(refs[0])
		if got := l.file("build-log.txt"); got != want {
			t.Errorf("log has %d bytes, want %d", len(got), len(want))
		}
		// The last segment may be sent again as the last part.
		if got, limit := l.store.wrote, len(want)+6<<20; got > limit {
			t.Errorf("sent %d bytes for a log of %d", got, len(want))
		}
		if got := l.store.largest; got > 8<<20 {
			t.Errorf("sent %d bytes at once", got)
		}
	})
}

func TestCompressedLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.options.Compress = true
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "one", "two")
		l.kubelet.print(refs[0], words(33)...)
		l.kubelet.print(refs[1], line("short"))
		for _, ref := range refs {
			l.end(ref, 0)
		}
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		l.archived()
		one, two := l.kubelet.printed(refs[0]), l.kubelet.printed(refs[1])
		if got := stepText(l, "build-one"); got != one {
			t.Errorf("log has %d bytes, want %d", len(got), len(one))
		}
		if got := stepText(l, "build-two"); got != two {
			t.Errorf("log %q, want %q", got, two)
		}
		info, err := l.store.Head(t.Context(), runPath+"/build-log.txt")
		if err != nil {
			t.Fatal(err)
		}
		want := "==> build/one <==\n" + one + "\n==> build/two <==\n" + two
		if got := inflated(t, l.file("build-log.txt"), info); got != want || info.ContentEncoding != "gzip" {
			t.Errorf("build-log.txt is %d bytes of %q, want %d", len(got), info.ContentEncoding, len(want))
		}
		steps := recordOf(l, "steps.json")["steps"].([]any)
		first := steps[0].(map[string]any)
		if got := first["bytes"]; got != float64(len(one)) {
			t.Errorf("steps.json says %v bytes, want %d", got, len(one))
		}
		if got, want := first["stored"], float64(len(l.file("build-one-build-log.txt"))); got != want {
			t.Errorf("steps.json says %v stored, want %v", got, want)
		}
	})
}

// gauge is a metric's value.
func gauge(t *testing.T, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(logs.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name && family.GetType() == dto.MetricType_GAUGE {
			return family.Metric[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no gauge %s", name)
	return 0
}

func TestShipperWaitsForAStoreThatIsDown(t *testing.T) {
	const limit = 2 << 20
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.options.SpoolLimit = limit
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "loud", "quiet")
		l.kubelet.print(refs[1], line("first"))
		l.observe()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		spooled := gauge(t, "pharos_logs_spool_bytes")
		l.store.fail(errors.New("connection refused"))
		for range 60 {
			l.kubelet.print(refs[0], line(strings.Repeat("x", 64<<10)))
			time.Sleep(time.Second)
		}
		l.kubelet.print(refs[1], line("a quiet stream still has room"))
		time.Sleep(time.Second)
		synctest.Wait()
		if got := l.status().Message; !strings.Contains(got, "connection refused") || !strings.Contains(got, "disk is full") {
			t.Errorf("message %q does not tell", got)
		}
		if got := gauge(t, "pharos_logs_spool_bytes") - spooled; got > limit/2+128<<10 || got < limit/2-128<<10 {
			t.Errorf("one stream has %v bytes on disk, want a half of %d", got, limit)
		}
		if got := gauge(t, "pharos_logs_oldest_unshipped_seconds"); got < 55 || got > 62 {
			t.Errorf("the oldest text waits for %v s", got)
		}
		if got := gauge(t, "pharos_logs_store_failing_seconds"); got < 55 || got > 60 {
			t.Errorf("the store fails for %v s", got)
		}
		for _, ref := range refs {
			l.end(ref, 1)
		}
		l.finish(v1alpha1.StateFailure)
		l.observe()
		time.Sleep(time.Minute)
		if l.status().Archived {
			t.Error("archived although the store is down")
		}
		l.store.fail(nil)
		l.archived()
		for i, name := range []string{"build-loud", "build-quiet"} {
			if got, want := stepText(l, name), l.kubelet.printed(refs[i]); got != want {
				t.Errorf("%s has %d bytes, want %d", name, len(got), len(want))
			}
		}
		if got := l.status().Message; got != "" {
			t.Errorf("message %q stays", got)
		}
		for _, name := range []string{"pharos_logs_oldest_unshipped_seconds", "pharos_logs_store_failing_seconds"} {
			if got := gauge(t, name); got != 0 {
				t.Errorf("%s is %v", name, got)
			}
		}
		if got := gauge(t, "pharos_logs_spool_bytes"); got > 0 {
			t.Errorf("%v bytes stay on disk", got)
		}
	})
}

// slow is a store whose puts take their time.
type slow struct {
	*memory
	took                       time.Duration
	mu                         sync.Mutex
	busy, most, size, mostSize int // puts at one time, and their bytes
}

func (s *slow) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(key, "/build-log.txt") { // the store's own matter: it is streamed
		s.count(1, len(text))
		defer s.count(-1, -len(text))
	}
	time.Sleep(s.took)
	return s.memory.Put(ctx, key, bytes.NewReader(text), opts)
}

func (s *slow) count(n, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.size = s.busy+n, s.size+size
	s.most, s.mostSize = max(s.most, s.busy), max(s.mostSize, s.size)
}

func TestASlowStoreStopsNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(&slow{memory: l.store, took: 20 * time.Second})
		defer l.stop()
		refs := l.pod("p1", "build", "test")
		l.observe()
		time.Sleep(10 * time.Minute) // the records of the start
		entries := words(40)
		for i := range 40 {
			l.kubelet.print(refs[0], entries[i*32:i*32+32]...)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got, want := gauge(t, "pharos_logs_spool_bytes"), float64(20<<20); got < want {
			t.Errorf("only %v bytes are spooled", got)
		}
		l.end(refs[0], 0)
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		l.archived()
		if got, want := stepText(l, "build-test"), l.kubelet.printed(refs[0]); got != want {
			t.Errorf("log has %d bytes, want %d", len(got), len(want))
		}
		if got := len(l.store.order); got > 40 {
			t.Errorf("%d puts; a slow store is to be given segments", got)
		}
	})
}

func TestManyStreamsHaveBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		store := &slow{memory: l.store, took: time.Second}
		l.start(store)
		defer l.stop()
		var refs []logs.ContainerRef
		for i := range 50 {
			refs = append(refs, l.pod(fmt.Sprintf("p%d", i), fmt.Sprintf("task%d", i), "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")...)
		}
		l.observe()
		loud := words(10)
		for i, ref := range refs {
			if i%100 == 0 {
				l.kubelet.print(ref, loud...)
			}
			l.kubelet.print(ref, line(fmt.Sprintf("line of %d", i)))
		}
		time.Sleep(5 * time.Minute)
		for _, ref := range refs {
			l.kubelet.print(ref, line("done"))
			l.end(ref, 0)
		}
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		l.archived()
		for i, ref := range refs {
			name := fmt.Sprintf("task%d-%s", i/10, strings.TrimPrefix(ref.Container, "step-"))
			if got, want := stepText(l, name), l.kubelet.printed(ref); got != want {
				t.Fatalf("%s has %d bytes, want %d", name, len(got), len(want))
			}
		}
		// Four slots of 8 MiB, with a record each, and 64 buffers of 64 KiB are what is sent from.
		if store.most > 4+4+64 {
			t.Errorf("%d puts at once", store.most)
		}
		if most := 4*8<<20 + 64*65<<10 + 1<<20; store.mostSize > most {
			t.Errorf("%d bytes of puts at once, want at most %d", store.mostSize, most)
		}
	})
}

// A leader that lost its lease may go on for a while, beside its successor.
func TestTwoShippersOfOneRun(t *testing.T) {
	for name, options := range map[string]logs.ShipperOptions{
		"chunks": {}, "segments": {SpoolLimit: 64 << 10}, "compressed": {SpoolLimit: 64 << 10, Compress: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.options = options
				l.start(l.store)
				old, stopOld := l.shipper, l.stop
				n := 0
				l.life(func(d time.Duration) {
					time.Sleep(d)
					if n++; n == 4 {
						l.start(l.store)
					}
					if n >= 4 {
						l.observeBy(old)
						l.observe()
					}
				})
				l.observeBy(old)
				l.archived()
				time.Sleep(time.Minute)
				stopOld()
				l.stop()
				for name, ref := range lifeContainers {
					if got, want := stepText(l, name), l.kubelet.printed(ref); got != want {
						t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(want, got))
					}
				}
			})
		})
	}
}

// The store is asked to keep a segment and loses it, or somebody empties the spool's folder.
func TestWhatIsLostIsReadAgain(t *testing.T) {
	for name, lose := range map[string]func(*lab){
		"a segment": func(l *lab) {
			for _, key := range l.store.keys() {
				if strings.HasSuffix(key, ".seg") {
					if err := l.store.Delete(context.Background(), key); err != nil {
						l.t.Error(err)
					}
					return
				}
			}
			l.t.Error("there is no segment")
		},
		"the spool": func(l *lab) {
			files, err := filepath.Glob(filepath.Join(l.spool, "*"))
			if err != nil || len(files) == 0 {
				l.t.Errorf("spool holds %v, %v", files, err)
			}
			if err := os.RemoveAll(l.spool); err != nil {
				l.t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.start(l.store)
				defer l.stop()
				refs := l.pod("p1", "build", "test")
				l.kubelet.print(refs[0], words(18)...)
				l.observe()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				lose(l)
				l.kubelet.print(refs[0], line("last"))
				l.end(refs[0], 0)
				l.finish(v1alpha1.StateSuccess)
				l.observe()
				l.archived()
				if got, want := stepText(l, "build-test"), l.kubelet.printed(refs[0]); got != want {
					t.Errorf("log has %d bytes, want %d", len(got), len(want))
				}
			})
		})
	}
}

func TestWhatIsLostWithThePodIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		refs := l.pod("p1", "build", "test")
		l.kubelet.print(refs[0], words(18)...)
		l.observe()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		l.stop()
		var second string
		for _, key := range l.store.keys() {
			if strings.HasSuffix(key, ".seg") {
				second = key
			}
		}
		if err := l.store.Delete(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		want := l.kubelet.printed(refs[0])
		l.remove("p1")
		l.finish(v1alpha1.StateAborted)
		l.start(l.store)
		defer l.stop()
		l.observe()
		l.archived()
		got := stepText(l, "build-test")
		if len(got) == 0 || len(got) == len(want) || !strings.HasPrefix(want, got) {
			t.Errorf("log has %d bytes, want the first of %d", len(got), len(want))
		}
		if got := l.file("steps.json"); !strings.Contains(got, "missing in the store") {
			t.Errorf("steps.json does not tell: %s", got)
		}
	})
}

func TestASpoolThatCannotBeWrittenIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		if err := os.RemoveAll(l.spool); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.spool, nil, 0o600); err != nil { // where the folder should be
			t.Fatal(err)
		}
		refs := l.pod("p1", "build", "test")
		l.observe()
		for range 60 {
			l.kubelet.print(refs[0], line(strings.Repeat("x", 10<<10)))
			time.Sleep(time.Second)
		}
		if got := l.status().Message; !strings.Contains(got, "local disk") {
			t.Errorf("message %q does not tell", got)
		}
		if err := os.Remove(l.spool); err != nil {
			t.Fatal(err)
		}
		l.end(refs[0], 0)
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		l.archived()
		if got, want := stepText(l, "build-test"), l.kubelet.printed(refs[0]); got != want {
			t.Errorf("log has %d bytes, want %d", len(got), len(want))
		}
		if got := l.status().Message; got != "" {
			t.Errorf("message %q stays", got)
		}
	})
}

func TestShipperLeavesNothingOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		other := filepath.Join(l.spool, "other")
		stale := filepath.Join(l.spool, "stale.spool")
		for _, file := range []string{other, stale} {
			if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l.life(time.Sleep)
		l.archived()
		l.stop()
		files, err := filepath.Glob(filepath.Join(l.spool, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{other}, files); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}
