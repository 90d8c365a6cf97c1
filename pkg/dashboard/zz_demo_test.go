package dashboard_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/logs"
)

func TestZZDemo(t *testing.T) {
	l := newLab()
	now := func(pj *v1alpha1.PipelineJob) { pj.CreationTimestamp = metav1.Now(); pj.Spec.BuildID = "18446744073709" + pj.Spec.BuildID; if pj.Status.CompletionTime != nil { pj.Status.CompletionTime = &metav1.Time{Time: time.Now().Add(72 * time.Second)} } }
	for i := range 12 {
		st := []v1alpha1.JobState{success, failure, success, v1alpha1.StateAborted, v1alpha1.StateError, success}[i%6]
		l.add(100+i, st, now, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = []string{"unit", "lint", "e2e-kind"}[i%3]; pj.Spec.Refs.Pulls[0].Number = 40 + i; pj.Status.Description = "why " + string(st) })
	}
	l.add(112, pending, now)
	l.add(113, v1alpha1.StateTriggered, now, func(pj *v1alpha1.PipelineJob) { pj.Status.Description = "Waiting for a free slot: 3 of 3 in use." })
	l.print("run-101", "build", "clone", "Cloning https://forge.test/org/repo", "Merging 2222222 onto 1111111")
	for i := range 400 {
		l.print("run-101", "build", "test", fmt.Sprintf("=== RUN TestNumber%d <b>not bold</b> ", i))
	}
	l.print("run-101", "build", "test", "\x1b[31m--- FAIL: TestLamp\x1b[0m", "    lamp_test.go:12: the lamp is off", "FAIL")
	l.change(func() {
		one := int32(1)
		s := l.steps["run-101"]
		s[0].State, s[1].State, s[1].ExitCode, s[1].Reason = logs.StepSuccess, logs.StepFailure, &one, "Error"
		for i := range s { s[i].Start = &metav1.Time{Time: time.Now()}; s[i].End = &metav1.Time{Time: time.Now().Add(9 * time.Second)} }
	})
	go func() {
		l.print("run-112", "build", "clone", "Cloning https://forge.test/org/repo", "Merging 2222222 onto 1111111")
		for i := range 300 {
			l.print("run-112", "build", "test", fmt.Sprintf("line %d at %s", i, time.Now()))
			time.Sleep(100 * time.Millisecond)
		}
		l.finish("run-112", success)
	}()
	ln, err := net.Listen("tcp", "127.0.0.1:18099")
	if err != nil { t.Fatal(err) }
	h, _ := t.Context(), 0
	dashboard.ServeOn(h, l.deps(), ln)
}
