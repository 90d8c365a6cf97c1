package bench

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/go-logr/logr"
	"github.com/klauspost/compress/gzip"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/test/harness"
)

const (
	mib = 1 << 20
	// lineSize is that of every line, with its newline and without its time.
	lineSize = 128
	// stampLayout is how the kubelet writes times; stampSize counts the space behind one, too.
	stampLayout = "2006-01-02T15:04:05.000000000Z "
	stampSize   = len(stampLayout)
)

// printed is text as builds print it, of whole lines; a log repeats it. Gzip makes it eleven times as small.
var printed = sync.OnceValue(func() []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	packages := []string{"server/http", "client", "storage/s3", "internal/cache", "cmd/agent", "api/v1", "scheduler", "util/retry"}
	text := make([]byte, 0, 16*mib)
	for n := 0; len(text) < cap(text); n++ {
		pkg := packages[rnd.IntN(len(packages))]
		var line string
		switch rnd.IntN(6) {
		case 0:
			line = fmt.Sprintf("ok  \texample.org/acme/app/pkg/%s\t%d.%03ds\tcoverage: %d.%d%% of statements", pkg, rnd.IntN(9), rnd.IntN(1000), rnd.IntN(100), rnd.IntN(10))
		case 1:
			line = fmt.Sprintf("I1126 05:47:%02d.%06d   12345 controller.go:%d] \"Reconciled\" object=\"ci/run-%d\" took=\"%dms\"", n/1000%60, n, 100+rnd.IntN(9), rnd.IntN(500), rnd.IntN(300))
		case 2:
			line = fmt.Sprintf("[%d/16384] Building object pkg/%s/module_%d.go", n%16384, pkg, n%977)
		default:
			line = fmt.Sprintf("=== RUN   TestParse/pkg/%s/case_%d", pkg, n)
		}
		text = fmt.Appendf(text, "%-*s\n", lineSize-1, line)
	}
	return text
})

// text reads size bytes of a log.
func text(size int64) io.Reader { return io.LimitReader(&again{}, size) }

// again reads printed text without an end.
type again struct{ rest []byte }

func (a *again) Read(p []byte) (int, error) {
	if len(a.rest) == 0 {
		a.rest = printed()
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// openBucket makes a bucket on the cluster's S3 server and opens it as Pharos does.
func openBucket(tb testing.TB, name string) (*harness.Cluster, *storage.S3Store) {
	tb.Helper()
	c, err := harness.LoadCluster()
	if err != nil {
		tb.Fatal(err)
	}
	name = fmt.Sprintf("bench-%s-%x", name, time.Now().UnixNano()&0xffffffff)
	if _, err := harness.CreateBucket(tb.Context(), c, name); err != nil {
		tb.Fatal(err)
	}
	store, err := storage.OpenS3(tb.Context(), storage.S3Options{
		Endpoint: c.S3.Endpoint, Region: c.S3.Region, Bucket: name, AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { empty(context.WithoutCancel(tb.Context()), tb, store, "") })
	return c, store
}

// sameText reads the log at a key and compares it.
func sameText(tb testing.TB, store storage.Store, key string, want io.Reader) {
	tb.Helper()
	object, err := store.Get(tb.Context(), key, storage.Range{})
	if err != nil {
		tb.Fatal(err)
	}
	defer object.Body.Close()
	got := io.Reader(object.Body)
	if object.ContentEncoding == "gzip" {
		if got, err = gzip.NewReader(got); err != nil {
			tb.Fatal(err)
		}
	}
	one, other := crc32.NewIEEE(), crc32.NewIEEE()
	size, err := io.Copy(one, got)
	if err != nil {
		tb.Fatal(err)
	}
	wanted, err := io.Copy(other, want)
	if err != nil {
		tb.Fatal(err)
	}
	if size != wanted || one.Sum32() != other.Sum32() {
		tb.Errorf("%s has %d bytes with the checksum %08x, want %d with %08x", key, size, one.Sum32(), wanted, other.Sum32())
	}
}

// empty removes every object below a folder.
func empty(ctx context.Context, tb testing.TB, store storage.Store, folder string) {
	tb.Helper()
	for entry, err := range store.List(ctx, folder) {
		if err == nil {
			err = store.Delete(ctx, entry.Key)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// quiet is a context whose logger says nothing.
func quiet(ctx context.Context) context.Context { return log.IntoContext(ctx, logr.Discard()) }

var layout = logs.Layout{DefaultConnection: "hub"}

// runNumber is a run of a pull request that goes on.
func runNumber(n int) *v1alpha1.PipelineJob {
	return &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ci", Name: fmt.Sprint("run-", n), UID: types.UID(fmt.Sprint("job-", n))},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: fmt.Sprint(1000 + n), Connection: "hub", Agent: v1alpha1.AgentTekton,
			Refs: &v1alpha1.Refs{
				Org: "acme", Repo: "app", BaseRef: "main", BaseSHA: "b0", Pulls: []v1alpha1.Pull{{Number: 7, Author: "ann", SHA: "c1"}},
			},
		},
		Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StatePending},
	}
}

// succeeded is a run as it is when it is over.
func succeeded(job *v1alpha1.PipelineJob) *v1alpha1.PipelineJob {
	job = job.DeepCopy()
	job.Status.State = v1alpha1.StateSuccess
	return job
}

// podOf is the pod of a run's only task. Its steps run, or have ended.
func podOf(job *v1alpha1.PipelineJob, ended bool, steps ...string) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ci", Name: job.Name + "-pod", UID: types.UID(job.Name + "-pod"),
		Labels: map[string]string{logs.LabelPipelineRun: job.Name, "tekton.dev/taskRun": job.Name + "-build", "tekton.dev/pipelineTask": "build"},
	}}
	for _, step := range steps {
		name := "step-" + step
		state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
		if ended {
			state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ContainerID: name, FinishedAt: metav1.Now()}}
		}
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name})
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: name, ContainerID: name, State: state})
	}
	return pod
}

// table prints rows of cells, the first of which is the head.
func table(tb testing.TB, title string, rows ...[]string) {
	tb.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	fmt.Fprintf(os.Stdout, "\n%s\n%s\n", title, b.String())
}
