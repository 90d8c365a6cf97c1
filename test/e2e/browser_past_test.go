package e2e

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // commits are named by it
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/test/harness"
)

// past fills a site's bucket with runs of other days, whose pods are gone: the log shipper archives them as it did then.
type past struct {
	org     string
	shipper *ship.Shipper
	printed *printed
	pending sync.WaitGroup
	mu      sync.Mutex
	open    map[types.NamespacedName]bool
	dice    *rand.Rand
}

// event is a run as it was.
type event struct {
	job, repo string
	kind      v1alpha1.JobType
	state     v1alpha1.JobState
	why       string
	at        time.Time
	took      time.Duration
	pull      v1alpha1.Pull
	log       output
}

// output is what a run's only step, check/run, printed at a Unix time or later, each line with its time.
type output func(since int64) io.Reader

// printed are the outputs of containers, by the name of their pod.
type printed struct{ sync.Map }

// Follow implements kubelet.Source.
func (p *printed) Follow(_ context.Context, c logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	text, ok := p.Load(c.Pod)
	if !ok {
		return nil, storage.ErrNotExist
	}
	return io.NopCloser(text.(output)(since.Second)), nil
}

// fillPast archives runs and returns when all are in the bucket.
func fillPast(t *testing.T, s *harness.Site, events func(*past) []event) error {
	store, err := storage.OpenS3(t.Context(), storage.S3Options{
		Endpoint: s.Cluster.S3.Endpoint, Region: s.Cluster.S3.Region, Bucket: s.Bucket.Name,
		AccessKey: s.Cluster.S3.AccessKey, SecretKey: s.Cluster.S3.SecretKey,
	})
	if err != nil {
		return err
	}
	p := &past{org: s.Org, printed: &printed{}, open: map[types.NamespacedName]bool{}, dice: rand.New(rand.NewPCG(7, 2026))}
	p.shipper = ship.New(ship.Options{
		Store: store, Source: p.printed, Layout: logs.Layout{DefaultConnection: "main"}, Spool: t.TempDir(), Compress: true,
		Changed: p.changed,
	})
	ctx, cancel := context.WithCancel(log.IntoContext(t.Context(), logr.Discard()))
	done := make(chan error)
	go func() { done <- p.shipper.Start(ctx) }()
	for _, e := range events(p) {
		p.archive(ctx, s.Namespace, e)
	}
	p.pending.Wait()
	cancel()
	return <-done
}

func (p *past) changed(name types.NamespacedName) {
	if status, _ := p.shipper.Status(name); !status.Archived {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[name] {
		delete(p.open, name)
		p.pending.Done()
	}
}

func (p *past) archive(ctx context.Context, namespace string, e event) {
	name := types.NamespacedName{Namespace: namespace, Name: e.name()}
	p.mu.Lock()
	p.open[name] = true
	p.mu.Unlock()
	p.pending.Add(1)
	p.printed.Store(name.Name+"-pod", e.log)
	p.shipper.Observe(ctx, p.object(name, e), []corev1.Pod{p.pod(name, e)})
}

func (e event) build() string { return job.NewBuildIDs(func() time.Time { return e.at }).Next() }

func (e event) name() string { return e.job + "-" + e.build()[:12] }

func (p *past) object(name types.NamespacedName, e event) *v1alpha1.PipelineJob {
	began, ended := metav1.NewTime(e.at.Add(3*time.Second)), metav1.NewTime(e.at.Add(3*time.Second+e.took))
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name, UID: types.UID(name.Name), CreationTimestamp: metav1.NewTime(e.at)},
		Spec: v1alpha1.PipelineJobSpec{
			Type: e.kind, Job: e.job, BuildID: e.build(), Connection: "main", Agent: v1alpha1.AgentTekton, Decorate: true, Context: e.job,
			PipelineRunSpec: &runtime.RawExtension{Raw: []byte(onlyCheck)},
		},
		Status: v1alpha1.PipelineJobStatus{
			State: e.state, Description: e.why, StartTime: new(metav1.NewTime(e.at)), PendingTime: &began, CompletionTime: &ended, PipelineRun: name.Name,
		},
	}
	if e.kind != v1alpha1.Periodic {
		pj.Spec.Refs = &v1alpha1.Refs{Org: p.org, Repo: e.repo, BaseRef: "main", BaseSHA: sha(e.at.Format(time.DateOnly))}
	}
	if e.kind == v1alpha1.Presubmit {
		pj.Spec.Refs.Pulls, pj.Spec.RerunCommand = []v1alpha1.Pull{e.pull}, "/test "+e.job
	}
	return pj
}

// onlyCheck is the pipeline of every run of the past.
const onlyCheck = `{"pipelineSpec":{"tasks":[{"name":"check","taskSpec":{"steps":[{"name":"run","image":"busybox","script":"make check"}]}}]}}`

func (p *past) pod(name types.NamespacedName, e event) corev1.Pod {
	end := corev1.ContainerStateTerminated{
		ContainerID: "c", Reason: "Completed", StartedAt: metav1.NewTime(e.at.Add(5 * time.Second)), FinishedAt: metav1.NewTime(e.at.Add(2*time.Second + e.took)),
	}
	if e.state == v1alpha1.StateFailure {
		end.ExitCode, end.Reason = 1, "Error"
	}
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name + "-pod", UID: types.UID(name.Name + "-pod"), Labels: map[string]string{
			"tekton.dev/pipelineTask": "check", "tekton.dev/taskRun": name.Name + "-check",
		}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "step-run"}}},
		Status: corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "step-run", ContainerID: "c", State: corev1.ContainerState{Terminated: &end},
		}}},
	}
}

func sha(of string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(of))) } //nolint:gosec // as git does

// stamped gives lines their times, as the kubelet does.
func stamped(start time.Time, pause time.Duration, lines ...string) output {
	return func(since int64) io.Reader {
		var b bytes.Buffer
		for i, line := range lines {
			if at := start.Add(time.Duration(i) * pause); at.Unix() >= since {
				fmt.Fprintf(&b, "%s %s\n", at.UTC().Format(stampForm), line)
			}
		}
		return &b
	}
}

const stampForm = "2006-01-02T15:04:05.000000000Z"

// people who worked on the repository, and what they did.
var (
	people  = []string{"alice", "bob", "carol", "dave"}
	changes = []string{
		"Serve the index from memory", "Translate the messages to Spanish", "Retry uploads that time out", "Bound the size of requests",
		"Drop support for the old format", "Speed up the first page", "Explain quotas", "Close idle connections", "Log in with a passkey",
	}
)

// month is what four weeks brought: some runs on each day, more on working days.
func (p *past) month(now time.Time) []event {
	var all []event
	for day := 28; day > 0; day-- {
		midnight := now.AddDate(0, 0, -day).Truncate(24 * time.Hour)
		all = append(all, p.night(midnight, day))
		pulls := 1 + p.dice.IntN(3)
		if w := midnight.Weekday(); w == time.Saturday || w == time.Sunday {
			pulls = p.dice.IntN(2)
		}
		for range pulls {
			all = append(all, p.pullRequest(midnight.Add(time.Duration(8*60+p.dice.IntN(9*60))*time.Minute), len(all))...)
		}
	}
	return all
}

func (p *past) night(midnight time.Time, day int) event {
	at := midnight.Add(3 * time.Hour)
	e := event{job: "nightly", kind: v1alpha1.Periodic, state: v1alpha1.StateSuccess, why: "The pipeline succeeded.", at: at, took: p.about(25 * time.Minute)}
	if day%9 == 0 {
		e.state, e.why = v1alpha1.StateError, "The pod was evicted: the node was low on memory."
	}
	e.log = stamped(at, time.Second, testLog(400, e.state == v1alpha1.StateSuccess)...)
	return e
}

// pullRequest is one commit and the jobs that it was tested by; some commits fail at first and pass when asked again.
func (p *past) pullRequest(at time.Time, seed int) []event {
	number := 20 + seed/3
	pull := v1alpha1.Pull{Number: number, Author: people[number%len(people)], Title: changes[number%len(changes)], SHA: sha(fmt.Sprint(number, at))}
	var all []event
	add := func(name string, after, took time.Duration, state v1alpha1.JobState) {
		e := event{job: name, repo: "app", kind: v1alpha1.Presubmit, pull: pull, at: at.Add(after), took: p.about(took), state: state, why: "The pipeline succeeded."}
		switch state {
		case v1alpha1.StateFailure:
			e.why = "Task check failed: step run exited with 1."
		case v1alpha1.StateAborted:
			e.why = "A newer commit was pushed."
		}
		e.log = stamped(e.at, 200*time.Millisecond, testLog(120, state == v1alpha1.StateSuccess)...)
		all = append(all, e)
	}
	switch number % 11 {
	case 0, 5:
		add("unit", 0, 4*time.Minute, v1alpha1.StateFailure)
	case 2, 8:
		add("unit", 0, 4*time.Minute, v1alpha1.StateFailure)
		add("unit", 20*time.Minute, 4*time.Minute, v1alpha1.StateSuccess)
	case 7:
		add("unit", 0, time.Minute, v1alpha1.StateAborted)
	default:
		add("unit", 0, 4*time.Minute, v1alpha1.StateSuccess)
	}
	state := v1alpha1.StateSuccess
	if p.dice.IntN(6) == 0 {
		state = v1alpha1.StateFailure
	}
	add("integration", time.Second, 11*time.Minute, state)
	return all
}

// about is a duration that is sometimes a little longer and sometimes a little shorter.
func (p *past) about(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.5*p.dice.Float64())).Round(time.Second)
}

// testLog is what a test suite prints, with colours and a group.
func testLog(n int, passes bool) []string {
	lines := []string{"::group::Fetch the modules"}
	for i := range 12 {
		lines = append(lines, fmt.Sprintf("go: downloading example.org/module%d v1.%d.0", i, i*3%7))
	}
	lines = append(lines, "::endgroup::")
	for i := range n - len(lines) {
		lines = append(lines, fmt.Sprintf("\x1b[32mok\x1b[0m   acme/app/store/shard%03d  %d.%03ds  coverage: %d%% of statements", i, i%3, i*37%1000, 60+i%40))
	}
	if !passes {
		lines = append(lines, "\x1b[31m--- FAIL: TestIndexIsServedFromMemory (0.31s)\x1b[0m", "    index_test.go:88: 4 objects were read from the store, want 0", "exit status 1")
	}
	return lines
}

const (
	bigBytes    = 1 << 30
	bigLine     = 128 // with its newline, without its time
	bigLines    = bigBytes / bigLine
	bigBlock    = 1 << 14 // lines with the same time
	bigError    = 3_141_592
	bigMismatch = 6_000_001
)

// gibibyte is a log of 1 GiB in lines of 128 bytes, with one error and one line that a regular expression finds.
type gibibyte struct {
	start time.Time
	block []byte
	next  int // line, from 1
	rest  []byte
}

func newGibibyte(start time.Time, since int64) *gibibyte {
	g := &gibibyte{start: start, next: 1}
	for g.next <= bigLines && g.now().Unix() < since {
		g.next += bigBlock
	}
	for i := range bigBlock {
		g.block = append(g.block, g.line(fmt.Sprintf("ok   acme/app/store/shard%05d  (cached)  %d.%03ds  coverage: %d%% of statements", i, i%7, i*31%1000, i%100))...)
	}
	return g
}

func (g *gibibyte) line(text string) string {
	return stampForm + " " + (text + strings.Repeat(" .", bigLine))[:bigLine-1] + "\n"
}

func (g *gibibyte) Read(p []byte) (int, error) {
	if len(g.rest) == 0 {
		if g.next > bigLines {
			return 0, io.EOF
		}
		g.advance()
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// now is when the next block was printed.
func (g *gibibyte) now() time.Time {
	return g.start.Add(time.Duration(g.next) * 200 * time.Microsecond)
}

// advance makes the next block.
func (g *gibibyte) advance() {
	const width = len(stampForm) + 1 + bigLine
	at := g.now().UTC().Format(stampForm)
	g.rest = g.block
	special := map[int]string{
		bigError: "panic: runtime error: index out of range [12] with length 12 in shard00042", bigMismatch: "checksum of shard09427 differs: have 4f1c, want 88d0",
	}
	for line, text := range special {
		if i := line - g.next; i >= 0 && i < bigBlock {
			g.rest = bytes.Clone(g.block)
			copy(g.rest[i*width:], g.line(text))
		}
	}
	for i := range bigBlock {
		copy(g.rest[i*width:], at)
	}
	g.next += bigBlock
}
