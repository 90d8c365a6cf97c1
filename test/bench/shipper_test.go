package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/pharos-ci/pharos/pkg/app"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// childVariable holds the childOptions of a process that is to be nothing but a shipper.
const childVariable = "PHAROS_BENCH_SHIPPER"

// childOptions are what such a process works with.
type childOptions struct {
	API, Spool string
	S3         storage.S3Options
	Compress   bool
}

// childUsage is what it says of itself at its end.
type childUsage struct {
	// Peak is the most that it had in memory, in bytes.
	Peak int64
	CPU  time.Duration
}

func TestMain(m *testing.M) {
	text := os.Getenv(childVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	app.FrugalMemory() // as the server does
	usage, err := beShipper(text)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "shipper:", err)
		os.Exit(1)
	}
}

// beShipper follows all streams until every run is archived. Standard input says which step of which run has ended.
func beShipper(text string) (childUsage, error) {
	var o childOptions
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return childUsage{}, err
	}
	ctx, cancel := context.WithCancel(quiet(context.Background()))
	store, err := storage.OpenS3(ctx, o.S3)
	if err != nil {
		cancel()
		return childUsage{}, err
	}
	pods, err := corev1client.NewForConfig(&rest.Config{Host: o.API, QPS: -1})
	if err != nil {
		cancel()
		return childUsage{}, err
	}
	changed := make(chan struct{}, 1)
	shipper := ship.New(ship.Options{
		Store: store, Source: kubelet.PodSource{Pods: pods}, Layout: layout, Spool: o.Spool, Compress: o.Compress,
		Changed: func(types.NamespacedName) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	done := make(chan error)
	go func() { done <- shipper.Start(ctx) }()
	if err = observeAll(ctx, shipper, os.Stdin); err == nil {
		for !allArchived(shipper) {
			<-changed
		}
	}
	cancel()
	if err == nil {
		err = <-done
	}
	if err != nil {
		return childUsage{}, err
	}
	return ownUsage()
}

// observeAll tells the shipper of all runs, and of each step's end.
func observeAll(ctx context.Context, shipper *ship.Shipper, news io.Reader) error {
	all := make([]corev1.Pod, streamRuns)
	running := make([]int, streamRuns)
	var steps []string
	for step := range stepsOfRun {
		steps = append(steps, stepName(step))
	}
	for run := range all {
		all[run], running[run] = podOf(runNumber(run), false, steps...), stepsOfRun
		shipper.Observe(ctx, runNumber(run), []corev1.Pod{*all[run].DeepCopy()})
	}
	lines := bufio.NewScanner(news)
	for range streams {
		if !lines.Scan() {
			return fmt.Errorf("the news ended: %w", io.ErrUnexpectedEOF)
		}
		var run, step int
		if _, err := fmt.Sscan(lines.Text(), &run, &step); err != nil {
			return fmt.Errorf("read news %q: %w", lines.Text(), err)
		}
		status := &all[run].Status.ContainerStatuses[step]
		status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ContainerID: status.ContainerID, FinishedAt: metav1.Now()}}
		job := runNumber(run)
		if running[run]--; running[run] == 0 {
			job = succeeded(job)
		}
		shipper.Observe(ctx, job, []corev1.Pod{*all[run].DeepCopy()})
	}
	return nil
}

func allArchived(shipper *ship.Shipper) bool {
	for run := range streamRuns {
		job := runNumber(run)
		if status, _ := shipper.Status(types.NamespacedName{Namespace: job.Namespace, Name: job.Name}); !status.Archived {
			return false
		}
	}
	return true
}

func ownUsage() (childUsage, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return childUsage{}, err
	}
	usage := childUsage{CPU: time.Duration(used.Utime.Nano() + used.Stime.Nano())}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return childUsage{}, err
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			usage.Peak = kib << 10
		}
	}
	return usage, nil
}
