package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/test/harness"
)

// printing is a shell script that prints lines of a hundred bytes, some thousands and then a pause, and in the end a line
// with the SHA-256 of them all.
func printing(lines, atOnce int, pause string) string {
	return fmt.Sprintf(`
mkfifo /tmp/copy
sha256sum < /tmp/copy > /tmp/sum &
filler=$(printf '%%085d' 0)
i=0
while [ $i -lt %d ]; do
  i=$((i+1))
  printf '%%012d %%s\n' $i "$filler"
  [ $((i %% %d)) -ne 0 ] || sleep %s
done | tee /tmp/copy
wait
echo "sum $(cut -d' ' -f1 /tmp/sum)"
`, lines, atOnce, pause)
}

// checkSum holds the archived log against the checksum that the step printed last.
func (s *site) checkSum(pj *v1alpha1.PipelineJob, lines int) {
	s.t.Helper()
	log := s.archived(pj)
	_, log, _ = strings.Cut(log, "line one of the test\n")
	text, sum, found := strings.Cut(log, "sum ")
	if !found {
		s.t.Fatalf("the archived log of %d bytes has no checksum in its end: %q", len(log), log[max(0, len(log)-300):])
	}
	if got := fmt.Sprintf("%x\n", sha256.Sum256([]byte(text))); got != sum {
		s.t.Errorf("the archived log's checksum is %s, the step's %s", got, sum)
		s.checkNumbers(text, lines)
	}
}

// checkNumbers wants the lines of printing from the first on, each once, at least so many.
func (s *site) checkNumbers(text string, atLeast int) {
	s.t.Helper()
	n := 0
	for line := range strings.Lines(text) {
		if n++; !strings.HasPrefix(line, fmt.Sprintf("%012d ", n)) {
			s.t.Errorf("line %d of the archived log is %q", n, line)
			return
		}
	}
	if n < atLeast {
		s.t.Errorf("the archived log ends after %d lines, at least %d were printed", n, atLeast)
	}
}

// stored waits until something of a running step's log is safe in the bucket, in whatever form.
func (s *site) stored(pj *v1alpha1.PipelineJob) {
	s.t.Helper()
	s.until("part of the log to be in the bucket", func() (bool, string) {
		keys, err := s.Bucket.List(s.ctx(), s.runPath(pj)+"/.live/")
		return len(keys) > 0, fmt.Sprint(len(keys), err)
	})
}

// rotating is a site for logs so fast that the kubelet rotates them away while Pharos does not read them.
func rotating(t *testing.T, name string) *site {
	t.Helper()
	t.Parallel()
	cluster, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, closed, err := harness.OpenNodeLogs(cluster, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	return siteWith(t, "gitea", harness.SiteOptions{Name: name, Jobs: unitJob, Kubeconfig: kubeconfig, Args: []string{"--node-logs"}})
}

func TestTenCrashesInALongLogLeaveItAsItWasPrinted(t *testing.T) {
	const lines = 2_000_000 // 200 MB
	s := rotating(t, "tencrashes")
	s.open("feature", "test.sh", printing(lines, 20_000, "0.5"))
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	s.stored(pj)
	for range 10 {
		moment := time.After(time.Duration(rand.Int64N(int64(4 * time.Second)))) // the random moment is what is tested
		<-moment
		if err := s.Pharos.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.Pharos.Start(s.ctx()); err != nil {
			t.Fatal(err)
		}
	}
	s.checkSum(s.wait("unit", v1alpha1.StateSuccess, 1), lines)
}

// A kubelet whose reader falls two files behind goes on with the newest and says nothing.
func TestAPausedPharosLosesNothing(t *testing.T) {
	const lines = 1_300_000
	s := rotating(t, "paused")
	s.open("feature", "test.sh", printing(lines, 20_000, "0.5"))
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	s.stored(pj)
	pod := s.pod(pj)
	if err := s.Pharos.Pause(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(s.Cluster.Root, "pod-logs", fmt.Sprintf("%s_%s_%s", pod.Namespace, pod.Name, pod.UID), "step-run")
	s.until("the kubelet to rotate the log three times", func() (bool, string) {
		files, err := filepath.Glob(filepath.Join(folder, "0.log.*"))
		return err == nil && len(files) == 3, fmt.Sprint(files, err)
	})
	if err := s.Pharos.Resume(); err != nil {
		t.Fatal(err)
	}
	s.checkSum(s.wait("unit", v1alpha1.StateSuccess, 1), lines)
}

func TestAStoreThatIsAwayForFiveMinutesLosesNothing(t *testing.T) {
	const lines = 330_000 // for six minutes
	s := newSite(t, "s3away", unitJob, nil)
	s.open("feature", "test.sh", printing(lines, 5_000, "5"))
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	s.stored(pj)
	s.Store.Shut()
	over := time.After(5 * time.Minute) // the clock is what is tested here
	s.until("the run to say that the store does not answer", func() (bool, string) {
		jobs, err := s.Jobs(s.ctx(), "unit")
		return err == nil && len(jobs) == 1 && jobs[0].Status.Log.Message != "", fmt.Sprint(jobs, err)
	})
	<-over
	if err := s.Store.Open(); err != nil {
		t.Fatal(err)
	}
	pj = s.wait("unit", v1alpha1.StateSuccess, 1)
	s.checkSum(pj, lines)
	s.until("the run to have nothing to say of the store", func() (bool, string) {
		jobs, err := s.Jobs(s.ctx(), "unit")
		return err == nil && jobs[0].Status.Log.Message == "", fmt.Sprint(err)
	})
}

func TestAForceDeletedPodKeepsWhatItPrinted(t *testing.T) {
	const lines = 20_000
	s := newSite(t, "forced", unitJob, nil)
	s.open("feature", "test.sh", printing(lines, 1_000, "1"))
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	s.stored(pj)
	pod := s.pod(pj)
	seen := s.printed(pod, 2_000)
	if err := s.Kube.Delete(s.ctx(), pod, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	// Tekton starts the task again in another pod; each has a log of its own.
	pj = s.wait("unit", v1alpha1.StateSuccess, 1)
	s.archived(pj)
	s.checkBroken(s.read(path.Join(s.runPath(pj), "check-run-build-log.txt")), seen)
	_, again, _ := strings.Cut(s.read(path.Join(s.runPath(pj), "check-retry1-run-build-log.txt")), "line one of the test\n")
	again, _, _ = strings.Cut(again, "sum ")
	s.checkNumbers(again, lines)
}

func TestACancelledRunKeepsWhatItPrinted(t *testing.T) {
	s := newSite(t, "cancelled", unitJob, nil)
	p := s.open("feature", "test.sh", printing(1_000_000, 1_000, "1"))
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	seen := s.printed(s.pod(pj), 2_000)
	s.push(p, "feature", "test.sh", "exit 0\n")
	s.endsWith(s.wait("unit", v1alpha1.StateAborted, 1), seen)
}

func TestARestartOfTheKubeletLosesNothing(t *testing.T) {
	const lines = 300_000
	s := loneSite(t, "kubelet", unitJob, nil)
	s.open("feature", "test.sh", printing(lines, 10_000, "1"))
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	s.stored(pj)
	if err := s.Cluster.Stop("kubelet"); err != nil {
		t.Fatal(err)
	}
	if err := s.Cluster.Start("kubelet"); err != nil {
		t.Fatal(err)
	}
	s.checkSum(s.wait("unit", v1alpha1.StateSuccess, 1), lines)
}

// endsWith waits for the archive of a run that was broken off, which must have at least the lines that were seen.
func (s *site) endsWith(pj *v1alpha1.PipelineJob, seen int) {
	s.t.Helper()
	s.checkBroken(s.archived(pj), seen)
	if finished := s.read(path.Join(s.runPath(pj), "finished.json")); !strings.Contains(finished, `"result"`) {
		s.t.Errorf("finished.json says %s", finished)
	}
}

// checkBroken wants what a step printed before it was broken off.
func (s *site) checkBroken(log string, seen int) {
	s.t.Helper()
	_, log, _ = strings.Cut(log, "line one of the test\n")
	s.checkNumbers(log[:strings.LastIndexByte(log, '\n')+1], seen) // the last line may be half a line
}

// pod is the run's only one.
func (s *site) pod(pj *v1alpha1.PipelineJob) *corev1.Pod {
	s.t.Helper()
	var pods corev1.PodList
	s.until("the run's pod", func() (bool, string) {
		err := s.Kube.List(s.ctx(), &pods, client.InNamespace(s.Namespace), client.MatchingLabels{logs.LabelPipelineRun: pj.Name})
		return err == nil && len(pods.Items) == 1, fmt.Sprint(len(pods.Items), err)
	})
	return &pods.Items[0]
}

// printed waits until a pod has printed so many lines, and returns how many the kubelet has by then.
func (s *site) printed(pod *corev1.Pod, lines int) int {
	s.t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", s.Cluster.Kubeconfig)
	if err != nil {
		s.t.Fatal(err)
	}
	kube, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	seen := 0
	s.until("the pod to print", func() (bool, string) {
		text, err := readLog(s.ctx(), kube, pod)
		seen = bytes.Count(text, []byte("\n")) - 1 // without "line one of the test"
		return err == nil && seen >= lines, fmt.Sprint(seen, " lines ", err)
	})
	return seen
}

func readLog(ctx context.Context, kube kubernetes.Interface, pod *corev1.Pod) ([]byte, error) {
	body, err := kube.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "step-run"}).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}
