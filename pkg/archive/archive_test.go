package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/archive"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

var (
	layout = logs.Layout{DefaultConnection: "hub"}
	start  = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
)

func open(t *testing.T) *storage.FileStore {
	t.Helper()
	s, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s storage.Store, key, text string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(text), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func putJSON(t *testing.T, s storage.Store, key string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, key, string(text))
}

func keys(t *testing.T, s storage.Store, prefix string) []string {
	t.Helper()
	var out []string
	for entry, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry.Key)
	}
	return out
}

type edit func(*v1alpha1.PipelineJob)

// presubmit is a run of acme/web#7.
func presubmit(build string, edits ...edit) *v1alpha1.PipelineJob {
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Name: "run-" + build, Namespace: "ci", ResourceVersion: "5", CreationTimestamp: metav1.NewTime(start)},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: build, Connection: "hub", Agent: v1alpha1.AgentKubernetes,
			Refs: &v1alpha1.Refs{Org: "acme", Repo: "web", BaseRef: "main", Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: "s1"}}},
		},
		Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StateSuccess},
	}
	for _, e := range edits {
		e(pj)
	}
	return pj
}

func periodic(pj *v1alpha1.PipelineJob) {
	pj.Spec.Type, pj.Spec.Refs, pj.Spec.Job = v1alpha1.Periodic, nil, "nightly"
}

func named(name string) edit { return func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = name } }

func on(connection string) edit {
	return func(pj *v1alpha1.PipelineJob) { pj.Spec.Connection = connection }
}

func of(repo string) edit { return func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Repo = repo } }

// store writes a complete run with a log of one step, and what leads to it.
func store(t *testing.T, s storage.Store, l logs.Layout, pj *v1alpha1.PipelineJob) string {
	t.Helper()
	run := l.Run(pj)
	encoder := logfile.NewEncoder(false)
	encoder.Add([]byte("one\ntwo\n"), 0)
	text := bytes.Clone(encoder.Cut())
	tail, index, err := encoder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, tail...)
	put(t, s, run+"/build-test-build-log.txt", string(text))
	put(t, s, run+"/build-test-build-log.idx", string(index))
	put(t, s, run+"/build-log.txt", string(text))
	put(t, s, run+"/artifacts/junit.xml", "<x/>")
	putJSON(t, s, run+"/steps.json", map[string]any{"version": 1, "steps": []logs.StepInfo{{
		Task: "build", Step: "test", Name: "build-test", State: logs.StepSuccess, Log: "build-test-build-log.txt",
		Bytes: int64(len(text)), Stored: int64(len(text)), Lines: 2,
	}}})
	putJSON(t, s, run+"/prowjob.json", map[string]any{"metadata": map[string]any{"name": pj.Name}})
	putJSON(t, s, run+"/pipelinejob.json", pj)
	putJSON(t, s, run+"/started.json", logs.Started{Timestamp: start.Unix()})
	if directory := l.Directory(pj); directory != "" {
		put(t, s, directory, s.URL()+"/"+run)
	}
	for _, key := range l.Latest(pj) {
		put(t, s, key, pj.Spec.BuildID)
	}
	putJSON(t, s, run+"/finished.json", logs.Finished{Timestamp: start.Add(time.Hour).Unix(), Passed: true, Result: "SUCCESS"})
	return run
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for item, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, item)
	}
	return out
}

func locate(t *testing.T, l logs.Layout, folder string) archive.Run {
	t.Helper()
	run, err := archive.Locate(l, folder)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// shallow fails when anything is listed in depth.
type shallow struct {
	storage.Store
	t *testing.T
}

func (s shallow) List(_ context.Context, prefix string) iter.Seq2[storage.Entry, error] {
	s.t.Errorf("%s is listed in depth", prefix)
	return func(func(storage.Entry, error) bool) {}
}

func TestEveryRunIsFoundWithoutALookAtItsArtifacts(t *testing.T) {
	for name, l := range map[string]logs.Layout{
		"explicit":            layout,
		"a prefix":            {DefaultConnection: "hub", Prefix: "ci/pharos/"},
		"no default":          {},
		"legacy default repo": {DefaultConnection: "hub", Strategy: logs.Legacy, DefaultOrg: "acme", DefaultRepo: "web"},
		"single":              {DefaultConnection: "hub", Strategy: logs.Single, DefaultOrg: "acme", DefaultRepo: "web"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			jobs := []*v1alpha1.PipelineJob{
				presubmit("11"), presubmit("12"), presubmit("13", of("api")), presubmit("14", named("odd name/ä")), presubmit("15", on("lab/2")),
				presubmit("16", periodic), presubmit("17", periodic, on("lab/2")),
				presubmit("18", func(pj *v1alpha1.PipelineJob) { pj.Spec.Type = v1alpha1.Batch }),
			}
			want := map[string]*v1alpha1.PipelineJob{}
			for _, pj := range jobs {
				want[store(t, s, l, pj)] = pj
			}
			prefix := strings.Trim(l.Prefix, "/")
			put(t, s, path.Join(prefix, "logs/a-file.txt"), "")
			put(t, s, path.Join(prefix, "pr-logs/pull/acme_web/notes/unit/1/x"), "")
			put(t, s, "elsewhere/logs/unit/1/finished.json", "")
			got := collect(t, archive.Runs(t.Context(), shallow{s, t}, l))
			if len(got) != len(want) {
				t.Errorf("found %d runs, want %d", len(got), len(want))
			}
			for _, run := range got {
				pj := want[run.Path]
				if pj == nil {
					t.Errorf("found %s", run.Path)
					continue
				}
				if run.Job != pj.Spec.Job || run.BuildID != pj.Spec.BuildID || run.Connection != pj.Spec.Connection {
					t.Errorf("%s is %+v", run.Path, run.Run)
				}
				if (pj.Spec.Type == v1alpha1.Presubmit) != (run.Pull == 7) || run.Pull == 7 && run.RepoSegment != l.RepoSegment("acme", pj.Spec.Refs.Repo) {
					t.Errorf("%s is of pull request %q %d", run.Path, run.RepoSegment, run.Pull)
				}
				if !run.Has("finished.json") || !run.Has("artifacts/") || run.Has("podinfo.json") || run.Written().IsZero() {
					t.Errorf("%s has %v", run.Path, slices.Collect(maps.Keys(run.Files)))
				}
			}
			for _, err := range archive.Runs(t.Context(), s, l) {
				if err != nil {
					t.Error(err)
				}
				break // leaves nothing behind: the store is closed after this
			}
		})
	}
}

func TestFoldersThatAreNoRunsAreRefused(t *testing.T) {
	for _, folder := range []string{
		"", "logs", "logs/job", "logs/job/1/artifacts", "pr-logs/pull/batch/1", "pr-logs/directory/unit", "pr-logs/pull/x/seven/unit/1",
		"connections/lab", "connections/logs/job/1", "logs/../1", "pr-logs/pull/a/b/7/unit/1",
	} {
		if run, err := archive.Locate(layout, folder); !errors.Is(err, archive.ErrNotRun) {
			t.Errorf("%s: %+v, %v, want ErrNotRun", folder, run, err)
		}
	}
}

func TestALostStoreEndsTheWalk(t *testing.T) {
	s := open(t)
	store(t, s, layout, presubmit("11"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range archive.Runs(ctx, s, layout) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want %v", err, context.Canceled)
		}
	}
}

func TestARunOfPharosIsLoadedWhole(t *testing.T) {
	s := open(t)
	want := presubmit("11")
	run := locate(t, layout, store(t, s, layout, want))
	got, err := archive.Load(t.Context(), s, layout, run)
	if err != nil {
		t.Fatal(err)
	}
	want.Status.Log = v1alpha1.LogStatus{Path: "pr-logs/pull/acme_web/7/unit/11", Archived: true}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(v1alpha1.PipelineJob{}, "TypeMeta"), cmpopts.IgnoreFields(v1alpha1.PipelineJobStatus{}, "CompletionTime")); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	if !got.Status.CompletionTime.Equal(&metav1.Time{Time: start.Add(time.Hour)}) {
		t.Errorf("completed at %v", got.Status.CompletionTime)
	}
}

const prowRecord = `{
	"metadata": {"name": "0d8e-uid", "creationTimestamp": "2026-03-01T08:00:00Z", "managedFields": [{"manager": "x"}], "labels": {"prow.k8s.io/id": "0d8e-uid"}},
	"spec": {"type": "presubmit", "agent": "kubernetes", "cluster": "default", "job": "unit", "context": "ci/unit", "rerun_command": "/test unit",
		"refs": {"org": "acme", "repo": "web", "base_ref": "main", "base_sha": "b0", "pulls": [{"number": 7, "author": "alice", "sha": "s1", "title": "Teach it", "head_ref": "x"}]},
		"pod_spec": {"containers": [{"name": "", "image": "busybox", "resources": {}}]}, "prowjob_defaults": {"tenant_id": "GlobalDefaultID"}},
	"status": {"startTime": "2026-03-01T08:00:01Z", "pendingTime": "2026-03-01T08:00:02Z", "completionTime": "2026-03-01T08:10:00Z", "state": "failure", "description": "Job failed.", "url": "u", "pod_name": "p", "build_id": "11"}}`

func TestRecordsOfProwTellARun(t *testing.T) {
	const pull, other, night = "pr-logs/pull/acme_web/7/unit/11", "connections/lab/pr-logs/pull/acme!sub!_x_web/7/unit/11", "logs/nightly/11"
	finished := func(result string) string { return fmt.Sprintf(`{"timestamp": 1772357400, "result": %q}`, result) }
	for name, tc := range map[string]struct {
		folder string
		files  map[string]string
		want   string
	}{
		"prowjob.json":                                   {pull, map[string]string{"prowjob.json": prowRecord, "finished.json": finished("FAILURE")}, "0d8e-uid presubmit hub acme/web alice s1 failure true"},
		"prowjob.json of a run that goes on":             {pull, map[string]string{"prowjob.json": strings.Replace(prowRecord, `"state": "failure"`, `"state": "pending"`, 1)}, "0d8e-uid presubmit hub acme/web alice s1 pending false"},
		"an end that only finished.json knows":           {pull, map[string]string{"prowjob.json": strings.Replace(prowRecord, `"state": "failure"`, `"state": "pending"`, 1), "finished.json": finished("ABORTED")}, "0d8e-uid presubmit hub acme/web alice s1 aborted true"},
		"started.json alone":                             {pull, map[string]string{"started.json": `{"timestamp": 1772352000, "pull": "7", "repos": {"acme/api": "main", "acme/web": "main:b0,7:s1"}}`}, "unit-11 presubmit hub acme/web  s1 pending false"},
		"started.json of a periodic":                     {night, map[string]string{"started.json": `{"timestamp": 1772352000}`, "finished.json": finished("SUCCESS")}, "nightly-11 periodic hub    success true"},
		"the path of a presubmit":                        {other, map[string]string{"finished.json": finished("FAILURE")}, "unit-11 presubmit lab acme/sub_x/web   failure true"},
		"nothing at all":                                 {pull + "2", map[string]string{}, "no record of the run"},
		"a log alone does not tell":                      {night, map[string]string{"build-log.txt": "x", "finished.json": finished("SUCCESS")}, "no record of the run"},
		"a run that is being removed":                    {pull, map[string]string{"prowjob.json": prowRecord, ".deleting": ""}, "no record of the run"},
		"a presubmit without a repository":               {pull, map[string]string{"prowjob.json": `{"metadata": {"name": "x"}}`}, "no record of the run"},
		"a record that is no JSON":                       {pull, map[string]string{"prowjob.json": "<html>"}, "unreadable record"},
		"a started.json that does not tell the commits":  {pull, map[string]string{"started.json": `{"repos": {"acme/web": "main,seven"}}`}, "unreadable record"},
		"a started.json with an odd name":                {pull, map[string]string{"started.json": `{"repos": {"web": "main"}}`}, "unreadable record"},
		"a record larger than any object of the cluster": {pull, map[string]string{"prowjob.json": strings.Repeat(" ", 9<<20)}, "unreadable record"},
		"a pod spec that cannot be read":                 {pull, map[string]string{"prowjob.json": strings.Replace(prowRecord, `"containers": [`, `"containers": [7,`, 1)}, "0d8e-uid presubmit hub acme/web alice s1 failure false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			for file, text := range tc.files {
				put(t, s, tc.folder+"/"+file, text)
			}
			got := describe(archive.Load(t.Context(), s, layout, locate(t, layout, tc.folder)))
			if !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func describe(pj *v1alpha1.PipelineJob, err error) string {
	if err != nil {
		return err.Error()
	}
	var repo, author, sha string
	if refs := pj.Spec.Refs; refs != nil {
		repo, author, sha = refs.Org+"/"+refs.Repo, refs.Pulls[0].Author, refs.Pulls[0].SHA
	}
	return fmt.Sprintln(pj.Name, pj.Spec.Type, pj.Spec.Connection, repo, author, sha, pj.Status.State, pj.Status.Log.Archived)
}
