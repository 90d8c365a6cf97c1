package read_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// watched is a store that counts what is read of it.
type watched struct {
	storage.Store
	mu   sync.Mutex
	gets []string
	read int64
}

func (w *watched) Get(ctx context.Context, key string, rng storage.Range) (*storage.Object, error) {
	object, err := w.Store.Get(ctx, key, rng)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gets = append(w.gets, strings.TrimPrefix(key, logstest.RunPath+"/"))
	object.Body = &watchedBody{object.Body, w}
	return object, nil
}

type watchedBody struct {
	io.ReadCloser
	w *watched
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.w.read += int64(n)
	return n, err
}

// forget begins to count anew, and returns what was read.
func (w *watched) forget() (gets []string, read int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gets, read = w.gets, w.read
	w.gets, w.read = nil, 0
	return gets, read
}

// archivedRun is the folder of a run that is over, on disk.
type archivedRun struct {
	store *watched
	job   *v1alpha1.PipelineJob
	steps []logs.StepInfo
}

func newArchivedRun(t testing.TB) *archivedRun {
	t.Helper()
	store, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	job := logstest.Presubmit()
	job.Status.State, job.Status.Log = v1alpha1.StateSuccess, v1alpha1.LogStatus{Path: logstest.RunPath, Archived: true}
	return &archivedRun{store: &watched{Store: store}, job: job}
}

func (a *archivedRun) put(t testing.TB, name string, data []byte, encoding string) {
	t.Helper()
	opts := storage.PutOptions{ContentType: "text/plain", ContentEncoding: encoding}
	if err := a.store.Put(t.Context(), logstest.RunPath+"/"+name, bytes.NewReader(data), opts); err != nil {
		t.Fatal(err)
	}
}

var began = time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)

// step stores the log of a step, whose text is printed a number of times, a line every 100 microseconds.
func (a *archivedRun) step(t testing.TB, step string, text []byte, compress bool, times ...int) {
	t.Helper()
	name, encoding := "build-"+step, ""
	if compress {
		encoding = "gzip"
	}
	e, n := logfile.NewEncoder(compress), 0
	r, w := io.Pipe()
	stored := make(chan error)
	go func() {
		opts := storage.PutOptions{ContentType: "text/plain", ContentEncoding: encoding}
		stored <- a.store.Put(t.Context(), logstest.RunPath+"/"+name+"-build-log.txt", r, opts)
	}()
	write := func(data []byte) {
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for range append(times, 1)[0] {
		for line := range bytes.Lines(text) {
			e.Add(line, began.Add(time.Duration(n)*100*time.Microsecond).UnixNano())
			if n++; e.Stored() > 1<<20 {
				write(e.Cut())
			}
		}
	}
	tail, index, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	write(tail)
	if err := errors.Join(w.Close(), <-stored); err != nil {
		t.Fatal(err)
	}
	a.put(t, name+"-build-log.idx", index, "")
	a.list(t, logs.StepInfo{Task: "build", Step: step, Name: name, State: logs.StepSuccess, Log: name + "-build-log.txt", Lines: int64(n)})
}

// list adds a step to steps.json.
func (a *archivedRun) list(t testing.TB, step logs.StepInfo) {
	t.Helper()
	step.Container.UID = step.Name
	a.steps = append(a.steps, step)
	text, err := json.Marshal(map[string]any{"version": 1, "steps": a.steps})
	if err != nil {
		t.Fatal(err)
	}
	a.put(t, logs.StepsFile, text, "")
}

func (a *archivedRun) reader() *read.Reader {
	return read.New(read.Options{Store: a.store, Layout: logs.Layout{DefaultConnection: "main"}})
}

// numbered is text of n lines.
func numbered(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "line %d of the step, which is %x\n", i+1, i*7919)
	}
	return b.Bytes()
}

func TestPageIsOneRequestWhenTheIndexIsKnown(t *testing.T) {
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			a := newArchivedRun(t)
			a.step(t, "test", numbered(300_000), compress)
			r := a.reader()
			for i, from := range []int{200_000, 1, 299_900, -99} {
				page, err := r.Lines(t.Context(), a.job, "build", "test", from, from+99)
				if err != nil {
					t.Fatal(err)
				}
				want := from
				if from < 0 {
					want = 300_000 + from
				}
				last := page.Lines[len(page.Lines)-1]
				if page.Lines[0].Number != want || last.Number != min(want+99, 300_000) || page.Total != 300_000 || !page.Complete {
					t.Errorf("from %d: lines %d to %d of %d, complete %v", from, page.Lines[0].Number, last.Number, page.Total, page.Complete)
				}
				if text := fmt.Sprintf("line %d of", want); !strings.HasPrefix(page.Lines[0].Text, text) {
					t.Errorf("line %d is %q", want, page.Lines[0].Text)
				}
				printed := began.Add(time.Duration(want-1) * 100 * time.Microsecond).Truncate(100 * time.Millisecond)
				if !page.Lines[0].Time.Equal(printed) {
					t.Errorf("line %d was printed at %v, want %v", want, page.Lines[0].Time, printed)
				}
				gets, read := a.store.forget()
				if i > 0 && len(gets) != 1 || read > 1<<20 {
					t.Errorf("from %d: read %d bytes of %v", from, read, gets)
				}
			}
			if _, err := r.LineAt(t.Context(), a.job, "build", "test", began.Add(10*time.Second)); err != nil {
				t.Error(err)
			}
			if gets, _ := a.store.forget(); len(gets) != 0 {
				t.Errorf("finding a time read %v", gets)
			}
		})
	}
}

func TestPageIsBounded(t *testing.T) {
	a := newArchivedRun(t)
	a.step(t, "short", numbered(20_000), false)
	a.step(t, "long", bytes.Repeat(append(bytes.Repeat([]byte("x"), 50<<10), '\n'), 200), true)
	r := a.reader()
	for step, want := range map[string]int{"short": 5000, "long": 81} {
		page, err := r.Lines(t.Context(), a.job, "build", step, 1, 20_000)
		if err != nil || len(page.Lines) != want {
			t.Errorf("%s: %d lines, %v; want %d", step, len(page.Lines), err, want)
		}
	}
	for name, tc := range map[string]struct{ from, to, first, n int }{
		"all from the end":   {-19_999, 0, 1, 5000},
		"beyond the start":   {-50_000, -19_998, 1, 2},
		"beyond the end":     {30_000, 40_000, 0, 0},
		"the last":           {0, 0, 20_000, 1},
		"up to and past end": {19_999, 30_000, 19_999, 2},
		"the wrong way":      {10, 5, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := r.Lines(t.Context(), a.job, "build", "short", tc.from, tc.to)
			if err != nil || len(page.Lines) != tc.n || tc.n > 0 && page.Lines[0].Number != tc.first {
				t.Errorf("%d lines, %v; want %d from %d", len(page.Lines), err, tc.n, tc.first)
			}
		})
	}
}

func TestLogsWithoutIndexAreReadOnce(t *testing.T) {
	text := numbered(100_000)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		data     []byte
		encoding string
	}{"plain": {text, ""}, "gzip of others": {zipped.Bytes(), "gzip"}} {
		t.Run(name, func(t *testing.T) {
			a := newArchivedRun(t)
			a.put(t, logs.BuildLogFile, tc.data, tc.encoding)
			r := a.reader()
			for i := range 2 {
				page, err := r.Lines(t.Context(), a.job, "", "", 50_000, 50_001)
				want := []logs.Line{{Number: 50_000, Text: "line 50000 of the step, which is 179998c1"}, {Number: 50_001, Text: "line 50001 of the step, which is 1799b7b0"}}
				if diff := cmp.Diff(want, page.Lines); diff != "" || err != nil {
					t.Errorf("page, %v (-want +got):\n%s", err, diff)
				}
				gets, _ := a.store.forget()
				if want := 2 - i; len(gets) != want {
					t.Errorf("time %d read %v, want %d", i+1, gets, want)
				}
			}
			if n, err := r.LineAt(t.Context(), a.job, "", "", time.Now()); n != 0 || err != nil {
				t.Errorf("LineAt: %d, %v", n, err)
			}
			object, err := r.OpenRange(t.Context(), a.job, "", "", storage.Range{Offset: 1000, Length: 20})
			if err != nil {
				t.Fatal(err)
			}
			got := readAll(t, object.Body)
			if got != string(text[1000:1020]) || object.Size != int64(len(text)) {
				t.Errorf("range is %q of %d", got, object.Size)
			}
		})
	}
}

func TestIndexOfAnotherLogIsNotUsed(t *testing.T) {
	for name, damage := range map[string]func(*archivedRun){
		"the log is another now": func(a *archivedRun) { a.put(t, "build-test-build-log.txt", numbered(500), "") },
		"the index is damaged":   func(a *archivedRun) { a.put(t, "build-test-build-log.idx", []byte("plx"), "") },
		"the index is gone": func(a *archivedRun) {
			if err := a.store.Delete(t.Context(), logstest.RunPath+"/build-test-build-log.idx"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchivedRun(t)
			a.step(t, "test", numbered(1000), false)
			known, fresh := a.reader(), a.reader()
			if _, err := known.Lines(t.Context(), a.job, "build", "test", 1, 1); err != nil {
				t.Fatal(err)
			}
			damage(a)
			for _, r := range []*read.Reader{known, fresh} {
				page, err := r.Lines(t.Context(), a.job, "build", "test", 400, 400)
				if err != nil || len(page.Lines) != 1 || !strings.HasPrefix(page.Lines[0].Text, "line 400 ") {
					t.Errorf("line 400: %v, %v", page.Lines, err)
				}
			}
		})
	}
}

func TestRangesOfText(t *testing.T) {
	texts := map[string]string{"lint": string(numbered(5000)), "test": "no line end", "unit": string(numbered(30_000))}
	joined := "==> build/lint <==\n" + texts["lint"] + "\n==> build/test <==\n" + texts["test"] + "\n==> build/unit <==\n" + texts["unit"]
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			a := newArchivedRun(t)
			a.step(t, "lint", []byte(texts["lint"]), compress)
			a.list(t, logs.StepInfo{Task: "build", Step: "skipped", Name: "build-skipped", State: logs.StepSkipped})
			a.step(t, "test", []byte(texts["test"]), compress)
			a.step(t, "unit", []byte(texts["unit"]), compress)
			r := a.reader()
			cases := map[[2]string]string{
				{"", ""}: joined, {"build", "unit"}: texts["unit"], {"build", "test"}: texts["test"], {"build", "skipped"}: "",
			}
			for step, text := range cases {
				tags := map[string]bool{}
				for _, rng := range []storage.Range{
					{}, {Length: 1}, {Offset: 5}, {Offset: 10, Length: 30}, {Offset: int64(len(text)) - 5}, {Offset: int64(len(text)) / 2, Length: 100_000},
					{Offset: int64(len(texts["lint"])) + 10, Length: 50}, {Offset: 1 << 40}, {Offset: 1 << 40, Length: 5},
				} {
					if rng.Offset < 0 {
						continue
					}
					object, err := r.OpenRange(t.Context(), a.job, step[0], step[1], rng)
					if err != nil {
						t.Fatalf("%v %+v: %v", step, rng, err)
					}
					want := text[min(rng.Offset, int64(len(text))):]
					if rng.Length > 0 {
						want = want[:min(rng.Length, int64(len(want)))]
					}
					if got := readAll(t, object.Body); got != want || object.Size != int64(len(text)) {
						t.Errorf("%v %+v: %d bytes of %d, want %d of %d", step, rng, len(got), object.Size, len(want), len(text))
					}
					tags[object.ETag] = true
				}
				if len(tags) != 1 || tags[""] {
					t.Errorf("%v has the ETags %v", step, tags)
				}
			}
			if _, err := r.OpenRange(t.Context(), a.job, "", "", storage.Range{Offset: -1}); err == nil {
				t.Error("negative range: no error")
			}
			if _, err := r.OpenRange(t.Context(), a.job, "build", "other", storage.Range{}); !errors.Is(err, storage.ErrNotExist) {
				t.Errorf("unknown step: %v", err)
			}
			object, err := r.OpenStored(t.Context(), a.job, "build", "unit")
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, object.Body); (got == texts["unit"]) == compress {
				t.Errorf("stored object has %d bytes, text %d", len(got), len(texts["unit"]))
			}
		})
	}
}

func readAll(t testing.TB, body io.ReadCloser) string {
	t.Helper()
	text, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSearchGoesByPages(t *testing.T) {
	a := newArchivedRun(t)
	a.step(t, "test", numbered(10_000), true)
	r := a.reader()
	var numbers []int
	o := logfile.SearchOptions{Pattern: regexp.MustCompile("line [0-9]*77 "), Limit: 30}
	for {
		page, err := r.Search(t.Context(), a.job, "build", "test", o)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Matches {
			numbers = append(numbers, m.Number)
		}
		if o.From = page.Next; o.From == 0 {
			break
		}
	}
	if len(numbers) != 100 || numbers[0] != 77 || numbers[99] != 9977 || !slices.IsSorted(numbers) {
		t.Errorf("matches %v", numbers)
	}
}

func TestFollowFromTheEndDoesNotReadTheStart(t *testing.T) {
	a := newArchivedRun(t)
	a.step(t, "test", numbered(300_000), false)
	var lines []logs.Line
	err := a.reader().Follow(t.Context(), a.job, map[string]int{"build/test": 299_990}, func(l logs.Line) error {
		lines = append(lines, l)
		return nil
	})
	if err != nil || len(lines) != 10 || lines[0].Number != 299_991 || lines[0].Time.IsZero() {
		t.Errorf("lines %v, %v", lines, err)
	}
	if gets, read := a.store.forget(); read > 300<<10 {
		t.Errorf("read %d bytes of %v", read, gets)
	}
}

// BenchmarkFirstPage opens the last 200 lines of a log of 1 GiB, in a reader that has just started and in one that knows
// the index.
func BenchmarkFirstPage(b *testing.B) {
	text, times := numbered(1_000_000), 25
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		a := newArchivedRun(b)
		a.step(b, "test", text, compress, times)
		warm := a.reader()
		for start, reader := range map[string]func() *read.Reader{"cold": a.reader, "warm": func() *read.Reader { return warm }} {
			b.Run(name+"/"+start, func(b *testing.B) {
				a.store.forget()
				b.ReportAllocs()
				pages := 0
				for b.Loop() {
					page, err := reader().Lines(b.Context(), a.job, "build", "test", -199, 0)
					if err != nil || len(page.Lines) != 200 {
						b.Fatal(len(page.Lines), err)
					}
					pages++
				}
				gets, read := a.store.forget()
				b.ReportMetric(float64(len(text)*times)/(1<<30), "log-GiB")
				b.ReportMetric(float64(read)/float64(pages), "read-bytes/op")
				b.ReportMetric(float64(len(gets))/float64(pages), "requests/op")
			})
		}
	}
}
