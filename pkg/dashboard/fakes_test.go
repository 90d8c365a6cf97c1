package dashboard_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// lab is a cluster with runs that print, all in memory.
type lab struct {
	mu      sync.Mutex
	changed chan struct{}
	runs    map[string]*v1alpha1.PipelineJob
	lines   map[string][]logs.Line
	steps   map[string][]logs.StepInfo
	// followers is how many calls of Follow go on.
	followers int
	// broken makes the next calls of Follow fail.
	broken int
	fault  error // of every read of runs
	config dashboard.Configuration
}

func newLab() *lab {
	return &lab{changed: make(chan struct{}), runs: map[string]*v1alpha1.PipelineJob{}, lines: map[string][]logs.Line{}, steps: map[string][]logs.StepInfo{}}
}

func (l *lab) deps() dashboard.Deps {
	return dashboard.Deps{Runs: l, Logs: l, Config: func() dashboard.Configuration { return l.config }, StoreURL: "s3://ci-logs", Version: "v0.0.0-test"}
}

// change edits the lab and wakes whoever waits for it.
func (l *lab) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// await blocks until the lab is as wanted.
func (l *lab) await(t *testing.T, what string, wanted func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		l.mu.Lock()
		ok, changed := wanted(), l.changed
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("still waiting for: %s", what)
		}
	}
}

// add puts a run of pull request 7 into the lab.
func (l *lab) add(build int, state v1alpha1.JobState, change ...func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("run-%d", build), Namespace: "ci", CreationTimestamp: metav1.Unix(1767268800, 0)},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: fmt.Sprint(build), Connection: "gitea", RerunCommand: "/test unit",
			Refs: &v1alpha1.Refs{
				Org: "org", Repo: "repo", RepoLink: "https://forge.test/org/repo", BaseRef: "main", BaseSHA: "1111111111111111",
				Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", Title: "Better lamps", SHA: "2222222222222222", Link: "https://forge.test/org/repo/pulls/7"}},
			},
		},
		Status: v1alpha1.PipelineJobStatus{State: state, Log: v1alpha1.LogStatus{Path: fmt.Sprintf("pr-logs/pull/org_repo/7/unit/%d", build)}},
	}
	end(pj)
	for _, f := range change {
		f(pj)
	}
	l.change(func() { l.runs[pj.Name] = pj })
	return pj
}

func end(pj *v1alpha1.PipelineJob) {
	if pj.Status.State.Terminal() {
		pj.Status.CompletionTime = &metav1.Time{Time: pj.CreationTimestamp.Add(83 * time.Second)}
		pj.Status.Log.Archived = true
	}
}

// print adds lines to a step of a run, and the step with the first.
func (l *lab) print(run, task, step string, texts ...string) {
	l.change(func() {
		number := 0
		for _, line := range l.lines[run] {
			if line.Task == task && line.Step == step {
				number = line.Number
			}
		}
		if number == 0 {
			l.steps[run] = append(l.steps[run], logs.StepInfo{Task: task, Step: step, State: logs.StepRunning})
		}
		for i, text := range texts {
			l.lines[run] = append(l.lines[run], logs.Line{Task: task, Step: step, Number: number + i + 1, Text: text})
		}
	})
}

// finish ends a run.
func (l *lab) finish(run string, state v1alpha1.JobState) {
	l.change(func() {
		pj := l.runs[run].DeepCopy()
		pj.Status.State = state
		end(pj)
		l.runs[run] = pj
	})
}

func (l *lab) Get(_ context.Context, name string) (*v1alpha1.PipelineJob, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pj := l.runs[name]; pj != nil || l.fault != nil {
		return pj, l.fault
	}
	return nil, fmt.Errorf("get run %s: %w", name, dashboard.ErrNotFound)
}

// List knows the filter's fields that the handler's own tests need; the others belong to NewRuns.
func (l *lab) List(_ context.Context, f dashboard.Filter) ([]v1alpha1.PipelineJob, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []v1alpha1.PipelineJob
	for _, pj := range l.runs {
		older := f.Before == "" || v1alpha1.CompareBuilds(pj.Spec.BuildID, f.Before) < 0
		if older && (f.BuildID == "" || pj.Spec.BuildID == f.BuildID) && (f.State == "" || pj.Status.State == f.State) {
			found = append(found, *pj)
		}
	}
	slices.SortFunc(found, func(a, b v1alpha1.PipelineJob) int { return v1alpha1.CompareBuilds(b.Spec.BuildID, a.Spec.BuildID) })
	return found[:min(len(found), cmp.Or(f.Limit, len(found)))], l.fault
}

func (l *lab) Steps(_ context.Context, pj *v1alpha1.PipelineJob) ([]logs.StepInfo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.steps[pj.Name]), nil
}

func (l *lab) Follow(ctx context.Context, pj *v1alpha1.PipelineJob, from map[string]int, emit func(logs.Line) error) error {
	fails := false
	l.change(func() {
		l.followers++
		if l.broken > 0 {
			l.broken--
			fails = true
		}
	})
	defer l.change(func() { l.followers-- })
	if fails {
		return errors.New("the bucket is away")
	}
	for next := 0; ; {
		l.mu.Lock()
		waiting, changed := slices.Clone(l.lines[pj.Name][next:]), l.changed
		over := l.runs[pj.Name] == nil || l.runs[pj.Name].Status.State.Terminal()
		l.mu.Unlock()
		for _, line := range waiting {
			next++
			if line.Number <= from[line.Task+"/"+line.Step] {
				continue
			}
			if err := emit(line); err != nil {
				return err
			}
		}
		if over {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *lab) Open(_ context.Context, pj *v1alpha1.PipelineJob, task, step string) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, line := range l.lines[pj.Name] {
		if task == "" || line.Task == task && line.Step == step {
			b.WriteString(line.Text + "\n")
		}
	}
	if !pj.Status.Log.Archived || b.Len() == 0 {
		return nil, fmt.Errorf("open log of %s: %w", pj.Name, storage.ErrNotExist)
	}
	return io.NopCloser(strings.NewReader(b.String())), nil
}
