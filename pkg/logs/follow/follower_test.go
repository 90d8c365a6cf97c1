package follow_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
)

func waiting(reason string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
}

func TestBrokenStreams(t *testing.T) {
	for seed := 1; seed <= 40; seed++ {
		synctest.Test(t, func(t *testing.T) {
			l := logstest.New(t)
			l.Kubelet.Fault = func(n int) logstest.Fault {
				switch (n*7 + seed) % 5 {
				case 0:
					return logstest.Fault{Refuse: errors.New("kubelet is restarting")}
				case 1:
					return logstest.Fault{After: 1 + (n*seed*37)%900, Err: io.ErrUnexpectedEOF}
				case 2:
					return logstest.Fault{After: 1 + (n*seed*131)%2000}
				case 3:
					return logstest.Fault{After: 1 + (n*seed*1031)%200000}
				}
				return logstest.Fault{}
			}
			l.Start(l.Store)
			defer l.Stop()
			l.Life(time.Sleep)
			l.Archived()
			ref := logs.ContainerRef{Namespace: "ci", Pod: "p1", UID: "p1-uid", Container: "step-test"}
			if got, want := l.File("build-test-build-log.txt"), l.Kubelet.Printed(ref); got != want {
				t.Fatalf("seed %d (-want +got):\n%s", seed, cmp.Diff(want, got))
			}
		})
	}
}

func TestALogThatCannotBeReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Fault = func(int) logstest.Fault {
			return logstest.Fault{Refuse: errors.New("unable to retrieve container logs")}
		}
		l.End(refs[0], 1)
		l.Finish(v1alpha1.StateFailure)
		start := time.Now()
		l.Observe()
		l.Archived()
		if took := time.Since(start); took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("gave up after %v", took)
		}
		if got := l.File("steps.json"); !strings.Contains(got, "unable to retrieve container logs") {
			t.Errorf("steps.json does not say why: %s", got)
		}
	})
}

func TestADeadConnectionIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		l.Kubelet.Print(refs[0], logstest.Line("one"))
		l.Observe()
		time.Sleep(time.Second)
		// The cluster says that it ended, but the stream neither ends nor gives anything.
		l.End(refs[0], 0)
		l.Kubelet.Change(refs[0], func(c *logstest.Container) { c.Ended = false })
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		time.Sleep(20 * time.Second)
		l.Kubelet.Print(refs[0], logstest.Line("two"))
		time.Sleep(20 * time.Second)
		l.Kubelet.Mu.Lock()
		l.Kubelet.Containers[refs[0]].Ended = true // nobody is told: only a new answer shows it
		l.Kubelet.Mu.Unlock()
		l.Archived()
		if got := l.File("build-log.txt"); got != "one\ntwo\n" {
			t.Errorf("log %q", got)
		}
	})
}

func TestARestartContinuesTheLog(t *testing.T) {
	const noted = "pharos: the container was restarted (1): the one before ended with code 137, OOMKilled\n"
	for name, tc := range map[string]struct {
		crash     bool // of Pharos, while the container restarts
		forgotten bool // the log of the old instance
		backoff   bool // the new instance has ended too, so that the cluster calls it the last one
		want      string
		lost      bool
	}{
		"with all of the instance before":   {want: "one\ntwo\nthree\n" + noted + "four\n"},
		"also of a process that took over":  {crash: true, want: "one\ntwo\nthree\n" + noted + "four\n"},
		"without what the kubelet has lost": {forgotten: true, lost: true, want: "one\npharos: lines may be missing here: the log of the instance before the restart is gone\n" + noted + "four\n"},
		"and does not take the newest instance for it": {
			crash: true, backoff: true, lost: true,
			want: "one\npharos: lines may be missing here: the log of the instance before the restart is gone\npharos: the container was restarted\nfour\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				step := l.Pod("p1", "build", "test")[0]
				sidecar := l.WithSidecar("sidecar-db")
				l.Kubelet.Print(sidecar, logstest.Line("one"))
				l.Observe()
				time.Sleep(5 * time.Second) // durable
				if tc.crash {
					l.Stop()
				} else {
					l.Kubelet.SetFault(func(int) logstest.Fault { return logstest.Fault{Refuse: errors.New("unreachable")} })
					l.Kubelet.BreakStreams()
					synctest.Wait()
				}
				l.Kubelet.Print(sidecar, logstest.Line("two"), logstest.Line("three"))
				l.Restart(sidecar, 137, "OOMKilled")
				if tc.forgotten {
					l.Kubelet.Containers[sidecar].Before.Gone = true
				}
				l.Kubelet.Print(sidecar, logstest.Line("four"))
				if tc.backoff {
					l.Kubelet.Change(sidecar, func(c *logstest.Container) { c.Ended = true })
					l.Pods[0].Status.ContainerStatuses[1].State = waiting("CrashLoopBackOff")
				}
				time.Sleep(time.Second)
				l.Kubelet.SetFault(nil)
				if tc.crash {
					l.Start(l.Store)
				}
				defer l.Stop()
				l.Observe()
				time.Sleep(10 * time.Second)
				l.End(step, 0)
				l.Succeed(sidecar)
				if diff := cmp.Diff(tc.want, l.File("build_sidecar-db-build-log.txt")); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				if got := l.StepOf(sidecar); got.Restarts != 1 || tc.lost != (got.Incomplete != "") || got.Lines != int64(strings.Count(tc.want, "\n")) {
					t.Errorf("the sidecar is %+v", got)
				}
			})
		})
	}
}

func TestASidecarThatTektonEndsIsReadToItsEnd(t *testing.T) {
	for name, gone := range map[string]bool{"while the kubelet has its log": false, "or before the kubelet removes that": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				defer l.Stop()
				step := l.Pod("p1", "build", "test")[0]
				sidecar := l.WithSidecar("sidecar-db")
				l.Kubelet.Print(sidecar, logstest.Line("one"))
				l.Observe()
				time.Sleep(5 * time.Second)
				l.End(step, 0)
				l.Kubelet.Print(sidecar, logstest.Line("bye"))
				if gone {
					l.Kubelet.Change(sidecar, func(c *logstest.Container) { c.Ended = true })
				}
				time.Sleep(3 * time.Second)
				l.Restart(sidecar, 137, "Error")
				l.Kubelet.Containers[sidecar].Before.Gone = gone
				l.Kubelet.Print(sidecar, logstest.Line("Exiting...")) // Tekton's image that does nothing
				l.Observe()
				l.Finish(v1alpha1.StateSuccess)
				l.Observe()
				l.Archived()
				if got, want := l.File("build_sidecar-db-build-log.txt"), "one\nbye\n"; got != want {
					t.Errorf("log is %q, want %q", got, want)
				}
				if got := l.StepOf(sidecar); got.State != logs.StepSuccess || got.Incomplete != "" || got.Restarts != 0 {
					t.Errorf("the sidecar is %+v", got)
				}
			})
		})
	}
}

func TestRotatedTextComesFromTheNode(t *testing.T) {
	const gone = "one\npharos: lines may be missing here: the kubelet rotated the log before it was read"
	for name, tc := range map[string]struct {
		files func() error
		want  string
	}{
		"where that is allowed": {func() error { return nil }, "one\ntwo\nthree\nfour\n"},
		"or the log says what would allow it": {
			nil, gone + ": not allowed; to read rotated files, Pharos needs the permission to get nodes/proxy\nfour\n",
		},
		"or why it does not": {
			func() error { return errors.New("no route to host") }, gone + ", and the node's files cannot be read: no route to host\nfour\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				step := l.Pod("p1", "build", "test")[0]
				l.Pods[0].Spec.NodeName = "n1"
				l.Kubelet.Print(step, logstest.Line("one"))
				l.Observe()
				time.Sleep(5 * time.Second)
				l.Stop()
				l.Kubelet.Print(step, logstest.Line("two"))
				time.Sleep(3 * time.Second)
				l.Kubelet.Print(step, logstest.Line("three"))
				l.Kubelet.Change(step, func(c *logstest.Container) { c.Cut = 3 })
				time.Sleep(3 * time.Second)
				l.Kubelet.Print(step, logstest.Line("four"))
				l.Kubelet.Files = tc.files
				l.Start(l.Store)
				defer l.Stop()
				l.Observe()
				time.Sleep(20 * time.Second)
				l.Succeed(step)
				if diff := cmp.Diff(tc.want, l.File("build-test-build-log.txt")); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A kubelet that is late leaves out whole files, or hangs at the end of one.
func TestAFileThatTheKubeletLeavesOutComesFromTheNode(t *testing.T) {
	const whole = "one\ntwo\nthree\nfour\nfive\n"
	for name, tc := range map[string]struct {
		late  logstest.Late
		files func() error
		want  string
	}{
		"left out":                              {logstest.LateSkips, func() error { return nil }, whole},
		"left out, and files are not allowed":   {logstest.LateSkips, nil, "one\npharos: lines may be missing here: the kubelet may have left out a file that it rotated: not allowed; to read rotated files, Pharos needs the permission to get nodes/proxy\nfour\nfive\n"},
		"hangs":                                 {logstest.LateHangs, func() error { return nil }, whole},
		"hangs, and files are not allowed":      {logstest.LateHangs, nil, "one\npharos: lines may be missing here: the kubelet rotated the log before it was read: not allowed; to read rotated files, Pharos needs the permission to get nodes/proxy\nfour\nfive\n"},
		"read after all, and nothing is missed": {logstest.LateReads, nil, whole},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Kubelet.Files = tc.files
				l.Start(l.Store)
				defer l.Stop()
				step := l.Pod("p1", "build", "test")[0]
				l.Pods[0].Spec.NodeName = "n1"
				l.Kubelet.Print(step)
				l.Observe()
				time.Sleep(time.Second / 2)
				var entries []logstest.Entry
				for _, text := range []string{"one", "two", "three", "four"} {
					entries = append(entries, logstest.Line(text))
					time.Sleep(time.Second)
				}
				l.Kubelet.Change(step, func(c *logstest.Container) {
					c.Append(entries...)
					c.Late, c.From, c.Cut = tc.late, 1, 3
				})
				time.Sleep(20 * time.Second)
				l.Kubelet.Print(step, logstest.Line("five"))
				time.Sleep(20 * time.Second)
				l.Succeed(step)
				if diff := cmp.Diff(tc.want, l.File("build-test-build-log.txt")); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestALogThatWasRotatedBeforeItWasReadComesFromTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Kubelet.Files = func() error { return nil }
		step := l.Pod("p1", "build", "test")[0]
		l.Pods[0].Spec.NodeName = "n1"
		l.Kubelet.Print(step, logstest.Line("one"))
		time.Sleep(10 * time.Second)
		l.Kubelet.Print(step, logstest.Line("two"))
		l.Kubelet.Change(step, func(c *logstest.Container) { c.Cut = 1 })
		l.Start(l.Store)
		defer l.Stop()
		l.Observe()
		time.Sleep(10 * time.Second)
		l.Kubelet.Print(step, logstest.Line("three"))
		l.Succeed(step)
		if got := l.File("build-test-build-log.txt"); got != "one\ntwo\nthree\n" {
			t.Errorf("log is %q", got)
		}
	})
}

// A pause of the log costs a question only when its end was not waited for.
func TestPausesOfALogCostNoQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		step := l.Pod("p1", "build", "test")[0]
		l.Kubelet.Print(step, logstest.Line("one"))
		l.Observe()
		for range 100 {
			time.Sleep(10 * time.Second)
			l.Kubelet.Print(step, logstest.Line("more"))
		}
		l.Succeed(step)
		if l.Kubelet.Heads != 1 {
			t.Errorf("the kubelet was asked %d times where its newest file begins, want once", l.Kubelet.Heads)
		}
	})
}

func TestAPodThatIsTakenAwayKeepsWhatItPrinted(t *testing.T) {
	for name, tc := range map[string]struct {
		fate *corev1.PodCondition
		want string
	}{
		"deleted by force": {nil, "the pod was deleted before its log was read to the end"},
		"with its node": {
			&corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByPodGC", Message: "node not found"},
			"the pod was deleted before its log was read to the end: DeletionByPodGC: node not found",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				defer l.Stop()
				step := l.Pod("p1", "build", "test")[0]
				l.Kubelet.Print(step, logstest.Line("one"))
				if tc.fate != nil {
					l.Pods[0].Status.Conditions = []corev1.PodCondition{*tc.fate}
				}
				l.Observe()
				time.Sleep(5 * time.Second)
				l.Remove("p1")
				l.Observe()
				l.Finish(v1alpha1.StateAborted)
				l.Observe()
				l.Archived()
				if got := l.File("build-test-build-log.txt"); got != "one\n" {
					t.Errorf("log is %q", got)
				}
				if got := l.StepOf(step); got.Incomplete != tc.want || got.State != logs.StepUnknown {
					t.Errorf("the step is %+v", got)
				}
			})
		})
	}
}
