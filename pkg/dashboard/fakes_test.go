package dashboard_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	logread "github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// open and secret are the repositories of the lab: everybody reads one, alice alone the other.
var (
	public = scm.Repo{Connection: "gitea", Org: "org", Name: "repo"}
	secret = scm.Repo{Connection: "gitea", Org: "org", Name: "secret"}
)

// lab is a dashboard with a real index and store, a cluster in memory, and runs that print.
type lab struct {
	t       testing.TB
	cluster client.WithWatch
	history *history.Store
	store   storage.Store
	setup   gate.Setup
	handler func() http.Handler

	mu      sync.Mutex
	changed chan struct{}
	lines   map[string][]logs.Line
	steps   map[string][]logs.StepInfo
	// followers is how many calls of Follow go on.
	followers int
	// broken makes the next calls of Follow fail.
	broken   int
	fault    error // of every read of the cluster
	replayed []string
	// revoked hides every repository.
	revoked bool
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{t: t, changed: make(chan struct{}), lines: map[string][]logs.Line{}, steps: map[string][]logs.StepInfo{}}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, pipelinev1.AddToScheme, corev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	l.cluster = fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&corev1.Event{}, "involvedObject.name", func(o client.Object) []string { return []string{o.(*corev1.Event).InvolvedObject.Name} }).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if err := l.faulty(); err != nil {
					return err
				}
				return c.Get(ctx, key, o, opts...)
			},
		}).Build()
	var err error
	if l.history, err = history.Open(filepath.Join(t.TempDir(), "history.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.history.Close(); err != nil {
			t.Error(err)
		}
	})
	if l.store, err = storage.OpenFile(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	l.handler = sync.OnceValue(func() http.Handler { return dashboard.Handler(l.deps()) })
	l.setup = gate.Setup{Jobs: &job.Set{}, DefaultConnection: "gitea", Enabled: func(scm.Repo) []string { return nil }}
	return l
}

func (l *lab) faulty() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

func (l *lab) deps() dashboard.Deps {
	return dashboard.Built(dashboard.Deps{
		Read: gate.Deps{
			Cluster: l.cluster, Namespace: "ci", Live: l.cluster, History: l.history, Logs: l, Store: named{l.store},
			Layout: logs.Layout{DefaultConnection: "gitea"}, Access: l, Setup: func() gate.Setup { return l.setup },
			Actions: &gate.ClusterActions{
				Client: l.cluster, Namespace: "ci", Launcher: l, BuildIDs: job.NewBuildIDs(time.Now),
				Jobs: func() *job.Set { return l.setup.Jobs },
				ReplayDelivery: func(_ context.Context, name string) error {
					l.replayed = append(l.replayed, name)
					return nil
				},
			},
		},
		Login: l, Version: "v0.0.0-test", Rebuilding: func() (int, int, bool) { return 3, 7, true },
	})
}

// named is a store that people know as a bucket with a prefix.
type named struct{ storage.Store }

func (named) URL() string { return "s3://ci-logs/some/where" }

// change edits the lab and wakes whoever waits for it.
func (l *lab) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// await blocks until the lab is as wanted.
func (l *lab) await(what string, wanted func() bool) {
	l.t.Helper()
	limit := time.After(20 * time.Second)
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
			l.t.Fatalf("still waiting for: %s", what)
		}
	}
}

// add puts a run of pull request 7 into the lab.
func (l *lab) add(build int, state v1alpha1.JobState, change ...func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
	l.t.Helper()
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("run-%d", build), Namespace: "ci", CreationTimestamp: metav1.Unix(1767268800, 0)},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: fmt.Sprint(build), Connection: "gitea", RerunCommand: "/test unit",
			Agent: v1alpha1.AgentKubernetes, PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Name: "test"}}},
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
	if err := errors.Join(l.cluster.Create(l.t.Context(), pj), l.history.Put(l.t.Context(), pj)); err != nil {
		l.t.Fatal(err)
	}
	return pj
}

// hide makes a run one of the secret repository.
func hide(pj *v1alpha1.PipelineJob) {
	pj.Spec.Refs.Repo, pj.Spec.Job = "secret", "covert"
	pj.Status.Log.Path = "pr-logs/pull/org_secret/7/covert/" + pj.Spec.BuildID
}

func end(pj *v1alpha1.PipelineJob) {
	if pj.Status.State.Terminal() {
		pj.Status.PendingTime = &metav1.Time{Time: pj.CreationTimestamp.Add(time.Second)}
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
			l.steps[run] = append(l.steps[run], logs.StepInfo{
				Task: task, Step: step, State: logs.StepRunning, Container: logs.ContainerRef{Pod: run + "-" + task + "-pod", Container: "step-" + step},
			})
		}
		for i, text := range texts {
			l.lines[run] = append(l.lines[run], logs.Line{Task: task, Step: step, Number: number + i + 1, Text: text})
		}
	})
}

// finish ends a run.
func (l *lab) finish(run string, state v1alpha1.JobState) {
	l.t.Helper()
	pj := &v1alpha1.PipelineJob{}
	if err := l.cluster.Get(l.t.Context(), client.ObjectKey{Namespace: "ci", Name: run}, pj); err != nil {
		l.t.Fatal(err)
	}
	pj.Status.State = state
	end(pj)
	if err := errors.Join(l.cluster.Update(l.t.Context(), pj), l.history.Put(l.t.Context(), pj)); err != nil {
		l.t.Fatal(err)
	}
	l.change(func() {})
}

// keep stores a file of a run.
func (l *lab) keep(pj *v1alpha1.PipelineJob, name, text string) {
	l.t.Helper()
	if err := l.store.Put(l.t.Context(), pj.Status.Log.Path+"/"+name, strings.NewReader(text), storage.PutOptions{}); err != nil {
		l.t.Fatal(err)
	}
}

// task adds the TaskRun of a run's task.
func (l *lab) task(run, task string) {
	l.t.Helper()
	tr := &pipelinev1.TaskRun{ObjectMeta: metav1.ObjectMeta{
		Name: run + "-" + task, Namespace: "ci", Labels: map[string]string{logs.LabelPipelineRun: run, "tekton.dev/pipelineTask": task},
	}}
	tr.Status.PodName = tr.Name + "-pod"
	if err := l.cluster.Create(l.t.Context(), tr); err != nil {
		l.t.Fatal(err)
	}
}

// deliver stores a delivery about a pull request.
func (l *lab) deliver(name string, repo scm.Repo, phase v1alpha1.DeliveryPhase) {
	l.t.Helper()
	d := &v1alpha1.Delivery{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ci"},
		Spec: v1alpha1.DeliverySpec{
			Connection: repo.Connection, ID: name, Event: "pull_request.opened", Subject: repo.String() + "#7", Sender: "alice",
			ReceivedAt: metav1.NewMicroTime(time.Unix(1767268800, 0)),
		},
		Status: v1alpha1.DeliveryStatus{
			Phase: phase, Attempts: 1, Outcomes: []v1alpha1.Outcome{{Plugin: "trigger", Did: []string{"started unit"}}},
			Jobs: []v1alpha1.JobDecision{{Name: "unit", Run: true, Reason: "always_run", PipelineJob: "run-1"}},
		},
	}
	if err := l.cluster.Create(l.t.Context(), d); err != nil {
		l.t.Fatal(err)
	}
}

// Launch implements gate.Launcher.
func (l *lab) Launch(ctx context.Context, pj *v1alpha1.PipelineJob) error {
	pj.Namespace = "ci"
	return l.cluster.Create(ctx, pj)
}

// Routes implements dashboard.Login.
func (l *lab) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

// Who believes a header.
func (l *lab) Who(r *http.Request) *login.User {
	if name := r.Header.Get("X-User"); name != "" {
		return &login.User{Connection: "gitea", Login: name, Avatar: "https://pictures.test/" + name}
	}
	return nil
}

// Choices implements dashboard.Login.
func (l *lab) Choices() []login.Choice {
	return []login.Choice{{Connection: "gitea", Kind: "gitea", URL: "/login/gitea"}}
}

// Visible implements gate.Access.
func (l *lab) Visible(_ context.Context, user *login.User, repos []scm.Repo) ([]scm.Repo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(repos), func(r scm.Repo) bool {
		return l.revoked || r == secret && (user == nil || user.Login != "alice")
	}), nil
}

func only(user *login.User) (access.Verdict, error) {
	switch {
	case user == nil:
		return access.Verdict{Reason: "log in at gitea", Login: true}, nil
	case user.Login != "alice":
		return access.Verdict{Reason: "you may not write to org/repo"}, nil
	}
	return access.Verdict{Allowed: true, Reason: "alice may write"}, nil
}

// MayRerun implements gate.Access.
func (l *lab) MayRerun(_ context.Context, user *login.User, _ *v1alpha1.PipelineJob) (access.Verdict, error) {
	return only(user)
}

// MayAbort implements gate.Access.
func (l *lab) MayAbort(_ context.Context, user *login.User, _ *v1alpha1.PipelineJob) (access.Verdict, error) {
	return only(user)
}

// MayReplay implements gate.Access.
func (l *lab) MayReplay(_ context.Context, user *login.User, _ *v1alpha1.Delivery) (access.Verdict, error) {
	return only(user)
}

// Steps implements gate.Logs.
func (l *lab) Steps(_ context.Context, pj *v1alpha1.PipelineJob) ([]logs.StepInfo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.steps[pj.Name]), nil
}

// Follow implements gate.Logs.
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
		var now v1alpha1.PipelineJob
		over := l.cluster.Get(ctx, client.ObjectKeyFromObject(pj), &now) != nil || now.Status.State.Terminal()
		l.mu.Lock()
		waiting, changed := slices.Clone(l.lines[pj.Name][next:]), l.changed
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

func (l *lab) of(pj *v1alpha1.PipelineJob, task, step string) ([]logs.Line, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []logs.Line
	for _, line := range l.lines[pj.Name] {
		if task == "" || line.Task == task && line.Step == step {
			found = append(found, line)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("log of %s: %w", pj.Name, storage.ErrNotExist)
	}
	return found, nil
}

// Lines implements gate.Logs.
func (l *lab) Lines(_ context.Context, pj *v1alpha1.PipelineJob, task, step string, from, to int) (logread.Page, error) {
	all, err := l.of(pj, task, step)
	if err != nil {
		return logread.Page{}, err
	}
	page := logread.Page{Total: len(all), Complete: pj.Status.Log.Archived}
	for _, line := range all {
		if line.Number >= from && line.Number <= to {
			page.Lines = append(page.Lines, line)
		}
	}
	return page, nil
}

// LineAt implements gate.Logs.
func (l *lab) LineAt(_ context.Context, pj *v1alpha1.PipelineJob, task, step string, at time.Time) (int, error) {
	all, err := l.of(pj, task, step)
	for _, line := range all {
		if !line.Time.Before(at) {
			return line.Number, err
		}
	}
	return 0, err
}

// Search implements gate.Logs.
func (l *lab) Search(_ context.Context, pj *v1alpha1.PipelineJob, task, step string, o logfile.SearchOptions) (logread.SearchPage, error) {
	all, err := l.of(pj, task, step)
	page := logread.SearchPage{Total: len(all), Complete: true}
	for _, line := range all {
		if line.Number >= o.From && o.Pattern.MatchString(line.Text) {
			if len(page.Matches) == o.Limit {
				page.Next = line.Number
				break
			}
			page.Matches = append(page.Matches, line)
		}
	}
	return page, err
}

func (l *lab) text(pj *v1alpha1.PipelineJob, task, step string) (string, error) {
	all, err := l.of(pj, task, step)
	var b strings.Builder
	for _, line := range all {
		b.WriteString(line.Text + "\n")
	}
	return b.String(), err
}

// OpenRange implements gate.Logs.
func (l *lab) OpenRange(_ context.Context, pj *v1alpha1.PipelineJob, task, step string, rng storage.Range) (*storage.Object, error) {
	text, err := l.text(pj, task, step)
	if err != nil {
		return nil, err
	}
	part := text[min(rng.Offset, int64(len(text))):]
	if rng.Length > 0 {
		part = part[:min(rng.Length, int64(len(part)))]
	}
	return &storage.Object{Body: io.NopCloser(strings.NewReader(part)), Info: storage.Info{Size: int64(len(text)), ETag: `"1"`}}, nil
}

// OpenStored implements gate.Logs: complete logs are stored compressed.
func (l *lab) OpenStored(_ context.Context, pj *v1alpha1.PipelineJob, task, step string) (*storage.Object, error) {
	text, err := l.text(pj, task, step)
	if err != nil || !pj.Status.Log.Archived {
		return nil, errors.Join(storage.ErrNotExist, err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write([]byte(text))
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return &storage.Object{Body: io.NopCloser(&b), Info: storage.Info{Size: int64(b.Len()), ContentEncoding: "gzip"}}, nil
}

var commands = []chatops.Plugin{{
	Name: "trigger", Help: "Starts jobs.", Commands: []chatops.Command{{Name: "test", Args: "[all | <job>...]", Help: "Runs jobs.", Who: "anyone"}},
}}

func enabledEverywhere(scm.Repo) []string { return []string{"trigger"} }

// jobSet has a presubmit, covert in the secret repository, for each repository.
func jobSet(t *testing.T, repos ...string) *job.Set {
	t.Helper()
	static := job.Static{Presubmits: map[string][]*job.Presubmit{}}
	for _, repo := range repos {
		name := "unit"
		if repo == secret.FullName() {
			name = "covert"
		}
		static.Presubmits[repo] = []*job.Presubmit{{AlwaysRun: true, Base: job.Base{
			Name: name, Spec: &corev1.PodSpec{Containers: []corev1.Container{{Name: "test", Image: "go"}}}, Source: job.Source{File: "jobs.yaml", Line: 3},
		}}}
	}
	set, problems := job.Compile(static, job.Defaults{Connection: "gitea"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}
