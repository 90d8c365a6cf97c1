package read_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/storage"
)

func newReader(l *logstest.Lab) *read.Reader {
	return read.New(read.Options{
		Store: l.Store, Source: l.Kubelet, Layout: logs.Layout{DefaultConnection: "main"}, Cluster: l.Cluster(),
	})
}

// watch follows a run; the function it returns waits for the end and gives the lines.
func watch(l *logstest.Lab, from map[string]int) func() []logs.Line {
	var lines []logs.Line
	done := make(chan error, 1)
	l.Mu.Lock()
	job := l.Job.DeepCopy()
	l.Mu.Unlock()
	go func() {
		done <- newReader(l).Follow(context.Background(), job, from, func(line logs.Line) error {
			lines = append(lines, line)
			return nil
		})
	}()
	return func() []logs.Line {
		l.T.Helper()
		if err := <-done; err != nil {
			l.T.Error(err)
		}
		return lines
	}
}

// archive marks the run as the controller does.
func archive(l *logstest.Lab) {
	l.Archived()
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.Job.Status.Log = l.Status()
}

var ignoreTimes = cmpopts.IgnoreFields(logs.Line{}, "Time")

// bySteps splits lines of pods that ran at the same time.
func bySteps(lines []logs.Line) map[string][]logs.Line {
	out := make(map[string][]logs.Line)
	for _, line := range lines {
		key := line.Task + "/" + line.Step
		out[key] = append(out[key], line)
	}
	return out
}

func TestReaderGivesTheSameLinesLiveAndArchived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		early := watch(l, nil)
		var late func() []logs.Line
		steps := 0
		l.Life(func(d time.Duration) {
			time.Sleep(d)
			if steps++; steps == 8 {
				late = watch(l, nil)
			}
		})
		archive(l)
		replay := watch(l, nil)()
		if len(replay) < 40 {
			t.Fatalf("only %d lines", len(replay))
		}
		for name, lines := range map[string][]logs.Line{"from the start": early(), "from the middle": late()} {
			if diff := cmp.Diff(bySteps(replay), bySteps(lines)); diff != "" {
				t.Errorf("followed %s (-archived +live):\n%s", name, diff)
			}
			if lines[0].Time.IsZero() {
				t.Errorf("followed %s: a live line has no time", name)
			}
		}
		last := bySteps(replay)["publish/push"]
		want := []logs.Line{{Task: "publish", Step: "push", Number: 1, Text: "pushed"}, {Task: "publish", Step: "push", Number: 2, Text: "unfinished"}}
		if diff := cmp.Diff(want, last, ignoreTimes); diff != "" {
			t.Errorf("last step (-want +got):\n%s", diff)
		}
	})
}

func TestReaderGoesOnWhereItWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Print(refs[0], logstest.Line("1"), logstest.Line("2"), logstest.Line("3"))
		l.Observe()
		live := watch(l, map[string]int{"build/test": 2})
		time.Sleep(5 * time.Second)
		l.Kubelet.Print(refs[0], logstest.Line("4"))
		l.End(refs[0], 0)
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		archive(l)
		want := []logs.Line{{Task: "build", Step: "test", Number: 3, Text: "3"}, {Task: "build", Step: "test", Number: 4, Text: "4"}}
		if diff := cmp.Diff(want, live(), ignoreTimes); diff != "" {
			t.Errorf("live (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[1:], watch(l, map[string]int{"build/test": 3})(), ignoreTimes); diff != "" {
			t.Errorf("archived (-want +got):\n%s", diff)
		}
	})
}

func TestReaderChangesToTheStoreWhenThePodIsGone(t *testing.T) {
	for name, rotated := range map[string]bool{"read from the first line": false, "begun after a rotation": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				defer l.Stop()
				refs := l.Pod("p1", "build", "test")
				l.Observe()
				var want []logs.Line
				number := 0
				say := func() {
					number++
					l.Kubelet.Print(refs[0], logstest.Line(fmt.Sprintf("line %d", number)))
					want = append(want, logs.Line{Task: "build", Step: "test", Number: number, Text: fmt.Sprintf("line %d", number)})
				}
				for range 20 {
					say()
					time.Sleep(500 * time.Millisecond)
				}
				if rotated {
					l.Kubelet.Change(refs[0], func(c *logstest.Container) { c.Cut = 10 })
				}
				got := watch(l, nil)
				time.Sleep(3 * time.Second)
				say()
				time.Sleep(3 * time.Second)
				// The pod vanishes; the reader's streams break before the last line, the shipper has it.
				l.Kubelet.Change(refs[0], func(*logstest.Container) {
					l.Kubelet.Fault = func(int) logstest.Fault { return logstest.Fault{Refuse: errors.New("no such pod")} }
				})
				say()
				time.Sleep(3 * time.Second)
				l.Finish(v1alpha1.StateAborted)
				l.Remove("p1")
				l.Observe()
				archive(l)
				if diff := cmp.Diff(want, got(), ignoreTimes); diff != "" {
					t.Errorf("lines (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestReaderIsLiveWhileTheStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Store.Fail(errors.New("connection refused"))
		var got []string
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() {
			done <- newReader(l).Follow(ctx, l.Job.DeepCopy(), nil, func(line logs.Line) error {
				got = append(got, line.Text)
				return nil
			})
		}()
		l.Kubelet.Print(refs[0], logstest.Line("hello"))
		time.Sleep(5 * time.Second)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Follow: %v", err)
		}
		if diff := cmp.Diff([]string{"hello"}, got); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestReaderEndsWhenItsCallerCannotTakeMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Print(refs[0], logstest.Line("1"), logstest.Line("2"))
		full := errors.New("client went away")
		err := newReader(l).Follow(t.Context(), l.Job, nil, func(logs.Line) error { return full })
		if !errors.Is(err, full) {
			t.Errorf("Follow: %v, want %v", err, full)
		}
	})
}

func TestReaderCutsEndlessLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Print(refs[0], logstest.Line(strings.Repeat("x", 100<<10)), logstest.Line("next\r"))
		l.End(refs[0], 0)
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		archive(l)
		want := []logs.Line{
			{Task: "build", Step: "test", Number: 1, Text: strings.Repeat("x", 64<<10) + " … (36864 more bytes)"},
			{Task: "build", Step: "test", Number: 2, Text: "next"},
		}
		if diff := cmp.Diff(want, watch(l, nil)(), ignoreTimes); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestReaderOpensFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "clone", "test")
		l.Kubelet.Print(refs[0], logstest.Line("cloned"))
		l.Kubelet.Print(refs[1], logstest.Line("tested"))
		if _, err := newReader(l).Open(t.Context(), l.Job, "", ""); !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("open a live run: %v, want ErrNotExist", err)
		}
		for _, ref := range refs {
			l.End(ref, 0)
		}
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		archive(l)
		for step, want := range map[[2]string]string{{"", ""}: "tested\n", {"build", "clone"}: "cloned\n", {"build", "test"}: "tested\n"} {
			body, err := newReader(l).Open(t.Context(), l.Job, step[0], step[1])
			if err != nil {
				t.Fatalf("open %v: %v", step, err)
			}
			got, err := io.ReadAll(body)
			if err := errors.Join(err, body.Close()); err != nil || string(got) != want {
				t.Errorf("%v is %q, %v; want %q", step, got, err, want)
			}
		}
		if _, err := newReader(l).Open(t.Context(), l.Job, "build", "other"); !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("open an unknown step: %v, want ErrNotExist", err)
		}
	})
}

func TestReaderListsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "clone", "test")
		states := func() (out []string) {
			steps, err := newReader(l).Steps(t.Context(), l.Job)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range steps {
				out = append(out, s.Task+"/"+s.Step+" "+s.State)
			}
			return out
		}
		check := func(when string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, states()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		check("the first step runs", "build/clone running", "build/test waiting")
		l.End(refs[0], 0)
		check("the second step runs", "build/clone success", "build/test running")
		l.End(refs[1], 3)
		l.Finish(v1alpha1.StateFailure)
		check("both ended", "build/clone success", "build/test failure")
		l.Observe()
		archive(l)
		l.Pods = nil
		check("the pod is gone", "build/clone success", "build/test failure")
	})
}
