package archive_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/archive"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

func verify(t *testing.T, s storage.Store, o archive.VerifyOptions) []string {
	t.Helper()
	if o.Age == 0 {
		o.Age = time.Nanosecond
	}
	var out []string
	for _, f := range collect(t, archive.Verify(t.Context(), s, layout, o)) {
		line := string(f.Problem) + " " + f.Path
		if f.Repaired {
			line += " repaired"
		}
		if f.Detail == "" || f.Remedy == "" {
			t.Errorf("finding without words: %+v", f)
		}
		out = append(out, line)
	}
	return out
}

func TestWhatIsWrongIsFoundAndRepaired(t *testing.T) {
	const run, next = "pr-logs/pull/acme_web/7/unit/11", "pr-logs/pull/acme_web/7/unit/12"
	const folder, directory = "pr-logs/pull/acme_web/7/unit", "pr-logs/directory/unit"
	remove := func(names ...string) func(*testing.T, storage.Store) {
		return func(t *testing.T, s storage.Store) {
			for _, name := range names {
				if err := s.Delete(t.Context(), name); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	write := func(key, text string) func(*testing.T, storage.Store) {
		return func(t *testing.T, s storage.Store) { put(t, s, key, text) }
	}
	for name, tc := range map[string]struct {
		damage func(*testing.T, storage.Store)
		want   []string
		stays  []string // after a repair
	}{
		"nothing":                               {func(*testing.T, storage.Store) {}, nil, nil},
		"no finished.json":                      {remove(run + "/finished.json"), []string{"unfinished " + run}, []string{"unfinished " + run}},
		"no build-log.txt":                      {remove(run + "/build-log.txt"), nil, nil}, // the log of its only step is there
		"no record":                             {remove(run+"/pipelinejob.json", run+"/prowjob.json"), []string{"file-missing " + run}, []string{"file-missing " + run}},
		"no started.json":                       {remove(run + "/started.json"), []string{"file-missing " + run}, []string{"file-missing " + run}},
		"a log is gone":                         {remove(run + "/build-test-build-log.txt"), []string{"file-missing " + run}, []string{"file-missing " + run}},
		"a log was cut":                         {write(run+"/build-test-build-log.txt", "one\n"), []string{"file-damaged " + run}, []string{"file-damaged " + run}},
		"steps.json is damaged":                 {write(run+"/steps.json", "{"), []string{"file-damaged " + run}, []string{"file-damaged " + run}},
		"an index is gone":                      {remove(run + "/build-test-build-log.idx"), []string{"index-missing " + run}, nil},
		"an index is damaged":                   {write(run+"/build-test-build-log.idx", "nonsense"), []string{"index-damaged " + run}, nil},
		"live text is left":                     {write(run+"/.live/build-test/000", "x"), []string{"leftovers " + run}, nil},
		"a removal was interrupted":             {write(run+"/.deleting", ""), []string{"half-removed " + run}, nil},
		"the latest build is an older one":      {write(folder+"/latest-build.txt", "11"), []string{"latest-wrong " + folder}, nil},
		"the latest build is not there":         {write(folder+"/latest-build.txt", "99"), []string{"latest-wrong " + folder}, nil},
		"the latest build is nonsense":          {write(folder+"/latest-build.txt", strings.Repeat("x", 1000)), []string{"latest-wrong " + folder}, nil},
		"the latest build is not noted":         {remove(folder + "/latest-build.txt"), []string{"latest-wrong " + folder}, nil},
		"the directory's latest is not there":   {write(directory+"/latest-build.txt", "99"), []string{"latest-wrong " + directory}, nil},
		"a directory that leads to nothing yet": {write("pr-logs/directory/other/latest-build.txt", "99"), []string{"latest-wrong pr-logs/directory/other"}, nil},
		"lines are missing": {write(run+"/steps.json", `{"version": 1, "steps": [{"task": "build", "step": "test", "state": "success", "log": "build-test-build-log.txt", "bytes": 8, "incomplete": "the node is gone"}]}`),
			[]string{"lines-missing " + run}, []string{"lines-missing " + run}},
		"a step that ran has no log": {write(run+"/steps.json", `{"version": 1, "steps": [{"task": "build", "step": "test", "state": "failure"}]}`),
			[]string{"file-missing " + run}, []string{"file-missing " + run}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the disk
			s := open(t)
			store(t, s, layout, presubmit("11"))
			store(t, s, layout, presubmit("12"))
			tc.damage(t, s)
			if diff := cmp.Diff(tc.want, verify(t, s, archive.VerifyOptions{})); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, line := range verify(t, s, archive.VerifyOptions{Repair: true}) {
				if len(tc.stays) == 0 && !strings.HasSuffix(line, " repaired") {
					t.Errorf("not repaired: %s", line)
				}
			}
			if diff := cmp.Diff(tc.stays, verify(t, s, archive.VerifyOptions{})); diff != "" {
				t.Errorf("findings after a repair (-want +got):\n%s", diff)
			}
			if got := verify(t, s, archive.VerifyOptions{Live: func(folder string) bool { return folder == run || folder == next }, Age: time.Hour}); len(tc.stays) > 0 && len(got) > 0 {
				t.Errorf("findings of a live run: %v", got)
			}
		})
	}
}

func TestTheIndexOfACompressedLogIsMadeAnew(t *testing.T) {
	s := open(t)
	run := store(t, s, layout, presubmit("11", periodic))
	encoder := logfile.NewEncoder(true)
	encoder.Add([]byte(strings.Repeat("one line of many\n", 100_000)), 0)
	stored, _, err := encoder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(stored))
	if err := s.Put(t.Context(), run+"/build-test-build-log.txt", bytes.NewReader(stored), storage.PutOptions{ContentEncoding: "gzip"}); err != nil {
		t.Fatal(err)
	}
	putJSON(t, s, run+"/steps.json", map[string]any{"steps": []logs.StepInfo{{
		Task: "build", Step: "test", State: logs.StepSuccess, Log: "build-test-build-log.txt", Bytes: 1_700_000, Stored: size,
	}}})
	for _, want := range [][]string{{"index-damaged " + run + " repaired"}, nil} {
		if diff := cmp.Diff(want, verify(t, s, archive.VerifyOptions{Repair: true})); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	}
}

func TestRunsOfProwNeedNoMoreThanProwWrites(t *testing.T) {
	s := open(t)
	for file, text := range map[string]string{"started.json": `{"timestamp": 1}`, "finished.json": `{"timestamp": 2, "result": "SUCCESS"}`, "prowjob.json": prowRecord, "test-build-log.txt": "x"} {
		put(t, s, "logs/nightly/11/"+file, text)
	}
	put(t, s, "logs/nightly/latest-build.txt", "11")
	if got := verify(t, s, archive.VerifyOptions{}); len(got) > 0 {
		t.Errorf("findings %v", got)
	}
}

func TestFindingsArePrintedForPeopleAndMachines(t *testing.T) {
	s := open(t)
	run := store(t, s, layout, presubmit("11", periodic))
	put(t, s, run+"/.live/x/1", "x")
	if err := s.Delete(t.Context(), run+"/"+logs.StartedFile); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[archive.Format]string{
		archive.Text: `logs/nightly/11: leftovers: live text is still there although the logs are archived
    remedy: repair, which removes it
logs/nightly/11: file-missing: started.json is not there although the run is finished
    remedy: restore the file from a copy of the bucket, or rerun the job
`,
		archive.JSON: `{"path":"logs/nightly/11","problem":"leftovers","detail":"live text is still there although the logs are archived","remedy":"repair, which removes it"}
{"path":"logs/nightly/11","problem":"file-missing","detail":"started.json is not there although the run is finished","remedy":"restore the file from a copy of the bucket, or rerun the job"}
`,
	} {
		var out bytes.Buffer
		wrong, err := archive.Print(&out, archive.Verify(t.Context(), s, layout, archive.VerifyOptions{}), format)
		if wrong != 2 || err != nil {
			t.Errorf("%d wrong, %v", wrong, err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	var out bytes.Buffer
	wrong, err := archive.Print(&out, archive.Verify(t.Context(), s, layout, archive.VerifyOptions{Repair: true}), archive.Text)
	if wrong != 1 || err != nil || !strings.Contains(out.String(), "    repaired\n") {
		t.Errorf("%d wrong, %v:\n%s", wrong, err, &out)
	}
}
