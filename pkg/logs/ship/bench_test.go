package ship_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	benchBytes = 256 << 20
	benchLine  = 128 // with its newline, without its time
	benchPart  = 8 << 20
)

// torrentStart is its first second, in Unix time.
const torrentStart = 1_700_000_000

// torrent is a Source that prints as fast as it is read, 8 MiB in each second of its clock.
type torrent struct{ bytes int64 }

func (t torrent) Follow(_ context.Context, _ logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	seconds := max(since.Second-torrentStart, 0)
	return io.NopCloser(&torrentReader{left: t.bytes - seconds*(8<<20), second: torrentStart + seconds}), nil
}

type torrentReader struct {
	left   int64
	second int64
	block  []byte
	rest   []byte
}

func (r *torrentReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.left <= 0 {
			return 0, io.EOF
		}
		r.next()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next makes a block of 1 MiB of text; only its times differ from the one before.
func (r *torrentReader) next() {
	const lines, stamp = 1 << 20 / benchLine, len("2006-01-02T15:04:05.000000000Z ")
	if r.block == nil {
		for i := range lines {
			text := fmt.Sprintf("2006-01-02T15:04:05.000000000Z ok   example.org/module/package%d (cached) %d.%03ds coverage: %d%% of statements in all of it", i%97, i%7, i*31%1000, i%100)
			r.block = append(append(r.block, (text + string(bytes.Repeat([]byte("."), benchLine)))[:stamp+benchLine-1]...), '\n')
		}
	}
	at := time.Unix(r.second, (benchBytes-r.left)%(8<<20)*125).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000000000Z")
	for i := range lines {
		copy(r.block[i*(stamp+benchLine):], at)
	}
	if r.left -= 1 << 20; r.left%(8<<20) == 0 {
		r.second++
	}
	r.rest = r.block
}

func benchStore(b *testing.B) *storage.FileStore {
	b.Helper()
	store, err := storage.OpenFile(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return store
}

// archiveRun ships one run of one step from its first line to its end.
func archiveRun(b *testing.B, store storage.Store, compress bool) {
	b.Helper()
	changed := make(chan struct{}, 1)
	shipper := ship.New(ship.Options{
		Store: store, Source: torrent{benchBytes}, Spool: b.TempDir(), Compress: compress,
		Changed: func(types.NamespacedName) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	ctx, cancel := context.WithCancel(log.IntoContext(b.Context(), logr.Discard()))
	done := make(chan error)
	go func() { done <- shipper.Start(ctx) }()
	job := logstest.Presubmit()
	job.Status.State = v1alpha1.StateSuccess
	shipper.Observe(ctx, job, []corev1.Pod{benchPod()})
	for name := (types.NamespacedName{Namespace: "ci", Name: "run"}); ; {
		if status, _ := shipper.Status(name); status.Archived {
			break
		}
		<-changed
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func benchPod() corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ci", Name: "p", UID: "p", Labels: map[string]string{"tekton.dev/pipelineTask": "build"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "step-test"}}},
		Status: corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "step-test", ContainerID: "c", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ContainerID: "c"}},
		}}},
	}
}

// plainUpload sends as many bytes as an upload of parts that are in memory.
func plainUpload(b *testing.B, store storage.Store) {
	b.Helper()
	part := bytes.Repeat([]byte("ok   example.org/module/package (cached) coverage: 50% of statements in all of it\n"), benchPart/82+1)[:benchPart]
	u, err := store.Begin(b.Context(), "plain", storage.PutOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for number := range benchBytes / benchPart {
		if err := u.Put(b.Context(), number+1, part); err != nil {
			b.Fatal(err)
		}
	}
	if err := u.Complete(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkArchive ships 256 MiB of one step into a folder. Its ratio is the throughput in parts of a plain upload's of as
// many bytes to the same store, in the same run.
func BenchmarkArchive(b *testing.B) {
	for _, compress := range []bool{false, true} {
		b.Run(fmt.Sprintf("compress=%v", compress), func(b *testing.B) {
			b.SetBytes(benchBytes)
			b.ReportAllocs()
			var plain time.Duration
			for b.Loop() {
				store := benchStore(b)
				b.StopTimer()
				start := time.Now()
				plainUpload(b, store)
				plain += time.Since(start)
				b.StartTimer()
				archiveRun(b, store, compress)
			}
			b.ReportMetric(plain.Seconds()/b.Elapsed().Seconds(), "ratio")
		})
	}
}

// BenchmarkPlainUpload is what BenchmarkArchive is measured by.
func BenchmarkPlainUpload(b *testing.B) {
	b.SetBytes(benchBytes)
	for b.Loop() {
		plainUpload(b, benchStore(b))
	}
}
