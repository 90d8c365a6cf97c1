package ship_test

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
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// lifeContainers are the containers of lab.life, by the names of their steps.
var lifeContainers = map[string]logs.ContainerRef{
	"build-clone":  {Namespace: "ci", Pod: "p1", UID: "p1-uid", Container: "step-clone"},
	"build-test":   {Namespace: "ci", Pod: "p1", UID: "p1-uid", Container: "step-test"},
	"publish-push": {Namespace: "ci", Pod: "p2", UID: "p2-uid", Container: "step-push"},
}

// stepText is a step's archived text, read by its index and as a whole, which have to agree.
func stepText(l *logstest.Lab, name string) string {
	l.T.Helper()
	key := logstest.RunPath + "/" + name + "-build-log.txt"
	stored := l.Store.Text(l.T, key)
	file, err := logfile.Open([]byte(l.File(name+"-build-log.idx")), func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(stored[offset : offset+length])), nil
	})
	if err != nil {
		l.T.Fatal(err)
	}
	var text bytes.Buffer
	if err := file.Text(l.T.Context(), 0, file.Info().Bytes, &text); err != nil {
		l.T.Fatal(err)
	}
	info, err := l.Store.Head(l.T.Context(), key)
	if err != nil {
		l.T.Fatal(err)
	}
	if whole := inflated(l.T, stored, info); whole != text.String() {
		l.T.Errorf("%s as a whole differs from what its index says (-whole +index):\n%s", name, cmp.Diff(whole, text.String()))
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
	for name, options := range map[string]ship.Options{
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
func livesThrough(t *testing.T, options ship.Options, kill int, after bool) (unharmed bool) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Options = options
		mortal := &logstest.Mortal{Memory: l.Store, Left: kill, After: after, Dead: make(chan struct{})}
		l.Start(mortal)
		// The run goes on whether we live or not; half a second after the death another process takes over.
		revived := false
		l.Life(func(d time.Duration) {
			for range d / (100 * time.Millisecond) {
				time.Sleep(100 * time.Millisecond)
				if !revived && mortal.IsDead() {
					l.Stop()
					time.Sleep(500 * time.Millisecond)
					l.Start(l.Store)
					l.Observe()
					revived = true
				}
			}
		})
		for !mortal.IsDead() && !l.Status().Archived {
			time.Sleep(100 * time.Millisecond)
		}
		if mortal.IsDead() && !revived {
			l.Stop()
			l.Start(l.Store)
			l.Observe()
		}
		unharmed = !mortal.IsDead()
		l.Archived()
		l.Stop()
		for name, ref := range lifeContainers {
			if got, want := stepText(l, name), l.Kubelet.Printed(ref); got != want {
				t.Fatalf("killed at operation %d: %s (-want +got):\n%s", kill, name, cmp.Diff(want, got))
			}
		}
		if left := l.Store.Under(logstest.RunPath + "/.live/"); len(left) > 0 || l.Store.Uploads() > 0 {
			t.Errorf("killed at operation %d: left %v and %d uploads", kill, left, l.Store.Uploads())
		}
		if got := l.File("finished.json"); !strings.Contains(got, `"SUCCESS"`) {
			t.Errorf("killed at operation %d: finished.json %s", kill, got)
		}
	})
	return unharmed
}

// words are MiB of lines that compress to about a half.
func words(mib int) []logstest.Entry {
	random := rand.New(rand.NewPCG(1, 2))
	entries := make([]logstest.Entry, mib*32)
	start := time.Now().Add(-time.Hour)
	for i := range entries {
		var b strings.Builder
		for b.Len() < 32<<10-1-12 {
			fmt.Fprintf(&b, "%x ", random.Uint64())
		}
		entries[i] = logstest.Entry{At: start.Add(time.Duration(i) * time.Millisecond), Text: b.String()[:32<<10-1-12]}
	}
	return entries
}

func TestShipperOfALargeLogKilledWhenItIsJoined(t *testing.T) {
	entries := words(9)
	for kill, done := 1, false; !done; kill++ {
		synctest.Test(t, func(t *testing.T) {
			l := logstest.New(t)
			mortal := &logstest.Mortal{Memory: l.Store, Left: kill, Dead: make(chan struct{})}
			l.Start(mortal)
			refs := l.Pod("p1", "build", "test")
			l.Kubelet.Print(refs[0], entries...)
			l.End(refs[0], 0)
			l.Finish(v1alpha1.StateSuccess)
			l.Observe()
			select {
			case <-mortal.Dead:
				l.Stop()
				l.Start(l.Store)
				l.Observe()
			case <-time.After(time.Hour):
				done = true
			}
			l.Archived()
			l.Stop()
			if got, want := stepText(l, "build-test"), l.Kubelet.Printed(refs[0]); got != want {
				t.Fatalf("killed at operation %d: %d bytes, want %d", kill, len(got), len(want))
			}
			if got, want := l.File("build-log.txt"), l.Kubelet.Printed(refs[0]); got != want {
				t.Fatalf("killed at operation %d: build-log.txt has %d bytes, want %d", kill, len(got), len(want))
			}
			if l.Store.Uploads() > 0 {
				t.Errorf("killed at operation %d: left %d uploads", kill, l.Store.Uploads())
			}
		})
	}
}

func TestAFastStreamIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Print(refs[0], words(64)...)
		l.Succeed(refs[0])
		want := l.Kubelet.Printed(refs[0])
		if got := l.File("build-log.txt"); got != want {
			t.Errorf("log has %d bytes, want %d", len(got), len(want))
		}
		// The last segment may be sent again as the last part.
		if got, limit := l.Store.Wrote, len(want)+6<<20; got > limit {
			t.Errorf("sent %d bytes for a log of %d", got, len(want))
		}
		if got := l.Store.Largest; got > 8<<20 {
			t.Errorf("sent %d bytes at once", got)
		}
	})
}

func TestCompressedLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Options.Compress = true
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "one", "two")
		l.Kubelet.Print(refs[0], words(33)...)
		l.Kubelet.Print(refs[1], logstest.Line("short"))
		for _, ref := range refs {
			l.End(ref, 0)
		}
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		l.Archived()
		one, two := l.Kubelet.Printed(refs[0]), l.Kubelet.Printed(refs[1])
		if got := stepText(l, "build-one"); got != one {
			t.Errorf("log has %d bytes, want %d", len(got), len(one))
		}
		if got := stepText(l, "build-two"); got != two {
			t.Errorf("log %q, want %q", got, two)
		}
		info, err := l.Store.Head(t.Context(), logstest.RunPath+"/build-log.txt")
		if err != nil {
			t.Fatal(err)
		}
		want := "==> build/one <==\n" + one + "\n==> build/two <==\n" + two
		if got := inflated(t, l.File("build-log.txt"), info); got != want || info.ContentEncoding != "gzip" {
			t.Errorf("build-log.txt is %d bytes of %q, want %d", len(got), info.ContentEncoding, len(want))
		}
		steps := recordOf(l, "steps.json")["steps"].([]any)
		first := steps[0].(map[string]any)
		if got := first["bytes"]; got != float64(len(one)) {
			t.Errorf("steps.json says %v bytes, want %d", got, len(one))
		}
		if got, want := first["stored"], float64(len(l.File("build-one-build-log.txt"))); got != want {
			t.Errorf("steps.json says %v stored, want %v", got, want)
		}
	})
}

// gauge is a metric's value.
func gauge(t *testing.T, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(ship.Collectors()...)
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
		l := logstest.New(t)
		l.Options.SpoolLimit = limit
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "loud", "quiet")
		l.Kubelet.Print(refs[1], logstest.Line("first"))
		l.Observe()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		spooled := gauge(t, "pharos_logs_spool_bytes")
		l.Store.Fail(errors.New("connection refused"))
		for range 60 {
			l.Kubelet.Print(refs[0], logstest.Line(strings.Repeat("x", 64<<10)))
			time.Sleep(time.Second)
		}
		l.Kubelet.Print(refs[1], logstest.Line("a quiet stream still has room"))
		time.Sleep(time.Second)
		synctest.Wait()
		if got := l.Status().Message; !strings.Contains(got, "connection refused") || !strings.Contains(got, "disk is full") {
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
			l.End(ref, 1)
		}
		l.Finish(v1alpha1.StateFailure)
		l.Observe()
		time.Sleep(time.Minute)
		if l.Status().Archived {
			t.Error("archived although the store is down")
		}
		l.Store.Fail(nil)
		l.Archived()
		for i, name := range []string{"build-loud", "build-quiet"} {
			if got, want := stepText(l, name), l.Kubelet.Printed(refs[i]); got != want {
				t.Errorf("%s has %d bytes, want %d", name, len(got), len(want))
			}
		}
		if got := l.Status().Message; got != "" {
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
	*logstest.Memory
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
	return s.Memory.Put(ctx, key, bytes.NewReader(text), opts)
}

func (s *slow) count(n, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.size = s.busy+n, s.size+size
	s.most, s.mostSize = max(s.most, s.busy), max(s.mostSize, s.size)
}

func TestASlowStoreStopsNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(&slow{Memory: l.Store, took: 20 * time.Second})
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Observe()
		time.Sleep(10 * time.Minute) // the records of the start
		entries := words(40)
		for i := range 40 {
			l.Kubelet.Print(refs[0], entries[i*32:i*32+32]...)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got, want := gauge(t, "pharos_logs_spool_bytes"), float64(20<<20); got < want {
			t.Errorf("only %v bytes are spooled", got)
		}
		l.Succeed(refs[0])
		if got, want := stepText(l, "build-test"), l.Kubelet.Printed(refs[0]); got != want {
			t.Errorf("log has %d bytes, want %d", len(got), len(want))
		}
		if got := len(l.Store.Order); got > 40 {
			t.Errorf("%d puts; a slow store is to be given segments", got)
		}
	})
}

func TestManyStreamsHaveBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		store := &slow{Memory: l.Store, took: time.Second}
		l.Start(store)
		defer l.Stop()
		var refs []logs.ContainerRef
		for i := range 50 {
			refs = append(refs, l.Pod(fmt.Sprintf("p%d", i), fmt.Sprintf("task%d", i), "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")...)
		}
		l.Observe()
		loud := words(10)
		for i, ref := range refs {
			if i%100 == 0 {
				l.Kubelet.Print(ref, loud...)
			}
			l.Kubelet.Print(ref, logstest.Line(fmt.Sprintf("line of %d", i)))
		}
		time.Sleep(5 * time.Minute)
		for _, ref := range refs {
			l.Kubelet.Print(ref, logstest.Line("done"))
			l.End(ref, 0)
		}
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		l.Archived()
		for i, ref := range refs {
			name := fmt.Sprintf("task%d-%s", i/10, strings.TrimPrefix(ref.Container, "step-"))
			if got, want := stepText(l, name), l.Kubelet.Printed(ref); got != want {
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
	for name, options := range map[string]ship.Options{
		"chunks": {}, "segments": {SpoolLimit: 64 << 10}, "compressed": {SpoolLimit: 64 << 10, Compress: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Options = options
				l.Start(l.Store)
				old, stopOld := l.Shipper, l.Stop
				n := 0
				l.Life(func(d time.Duration) {
					time.Sleep(d)
					if n++; n == 4 {
						l.Start(l.Store)
					}
					if n >= 4 {
						l.ObserveBy(old)
						l.Observe()
					}
				})
				l.ObserveBy(old)
				l.Archived()
				time.Sleep(time.Minute)
				stopOld()
				l.Stop()
				for name, ref := range lifeContainers {
					if got, want := stepText(l, name), l.Kubelet.Printed(ref); got != want {
						t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(want, got))
					}
				}
			})
		})
	}
}

// The store is asked to keep a segment and loses it, or somebody empties the spool's folder.
func TestWhatIsLostIsReadAgain(t *testing.T) {
	for name, lose := range map[string]func(*logstest.Lab){
		"a segment": func(l *logstest.Lab) {
			for _, key := range l.Store.Keys() {
				if strings.HasSuffix(key, ".seg") {
					if err := l.Store.Delete(context.Background(), key); err != nil {
						l.T.Error(err)
					}
					return
				}
			}
			l.T.Error("there is no segment")
		},
		"the spool": func(l *logstest.Lab) {
			files, err := filepath.Glob(filepath.Join(l.Spool, "*"))
			if err != nil || len(files) == 0 {
				l.T.Errorf("spool holds %v, %v", files, err)
			}
			if err := os.RemoveAll(l.Spool); err != nil {
				l.T.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				defer l.Stop()
				refs := l.Pod("p1", "build", "test")
				l.Kubelet.Print(refs[0], words(18)...)
				l.Observe()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				lose(l)
				l.Kubelet.Print(refs[0], logstest.Line("last"))
				l.Succeed(refs[0])
				if got, want := stepText(l, "build-test"), l.Kubelet.Printed(refs[0]); got != want {
					t.Errorf("log has %d bytes, want %d", len(got), len(want))
				}
			})
		})
	}
}

func TestWhatIsLostWithThePodIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Print(refs[0], words(18)...)
		l.Observe()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		l.Stop()
		var second string
		for _, key := range l.Store.Keys() {
			if strings.HasSuffix(key, ".seg") {
				second = key
			}
		}
		if err := l.Store.Delete(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		want := l.Kubelet.Printed(refs[0])
		l.Remove("p1")
		l.Finish(v1alpha1.StateAborted)
		l.Start(l.Store)
		defer l.Stop()
		l.Observe()
		l.Archived()
		got := stepText(l, "build-test")
		if len(got) == 0 || len(got) == len(want) || !strings.HasPrefix(want, got) {
			t.Errorf("log has %d bytes, want the first of %d", len(got), len(want))
		}
		if got := l.File("steps.json"); !strings.Contains(got, "missing in the store") {
			t.Errorf("steps.json does not tell: %s", got)
		}
	})
}

func TestASpoolThatCannotBeWrittenIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		if err := os.RemoveAll(l.Spool); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.Spool, nil, 0o600); err != nil { // where the folder should be
			t.Fatal(err)
		}
		refs := l.Pod("p1", "build", "test")
		l.Observe()
		for range 60 {
			l.Kubelet.Print(refs[0], logstest.Line(strings.Repeat("x", 10<<10)))
			time.Sleep(time.Second)
		}
		if got := l.Status().Message; !strings.Contains(got, "local disk") {
			t.Errorf("message %q does not tell", got)
		}
		if err := os.Remove(l.Spool); err != nil {
			t.Fatal(err)
		}
		l.Succeed(refs[0])
		if got, want := stepText(l, "build-test"), l.Kubelet.Printed(refs[0]); got != want {
			t.Errorf("log has %d bytes, want %d", len(got), len(want))
		}
		if got := l.Status().Message; got != "" {
			t.Errorf("message %q stays", got)
		}
	})
}

func TestShipperLeavesNothingOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		other := filepath.Join(l.Spool, "other")
		stale := filepath.Join(l.Spool, "stale.spool")
		for _, file := range []string{other, stale} {
			if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l.Life(time.Sleep)
		l.Archived()
		l.Stop()
		files, err := filepath.Glob(filepath.Join(l.Spool, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{other}, files); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}
