package logs_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// api answers for the lab's pods and for secrets.
type api struct {
	client.Reader
	l       *lab
	secrets map[string]string
	err     error // of every question for a secret
}

func (a api) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	switch o := o.(type) {
	case *corev1.Pod:
		a.l.mu.Lock()
		defer a.l.mu.Unlock()
		for i := range a.l.pods {
			if a.l.pods[i].Name == key.Name {
				a.l.pods[i].DeepCopyInto(o)
				return nil
			}
		}
	case *corev1.Secret:
		if a.err != nil {
			return a.err
		}
		if value, ok := a.secrets[key.Name]; ok {
			o.Data = map[string][]byte{"value": []byte(value)}
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: "objects"}, key.Name)
}

func (api) List(context.Context, client.ObjectList, ...client.ListOption) error { return nil }

// pages reads a whole step by pages.
func pages(l *lab, r *logs.Reader, task, step string, size int) []logs.Line {
	l.t.Helper()
	l.mu.Lock()
	job := l.job.DeepCopy()
	l.mu.Unlock()
	var lines []logs.Line
	for {
		page, err := r.Lines(l.t.Context(), job, task, step, len(lines)+1, len(lines)+size)
		if err != nil {
			l.t.Fatal(err)
		}
		lines = append(lines, page.Lines...)
		if len(lines) == page.Total {
			return lines
		}
		if len(page.Lines) == 0 {
			l.t.Fatalf("no lines from %d of %d", len(lines)+1, page.Total)
		}
	}
}

func TestPagesAreTheSameLiveAndArchived(t *testing.T) {
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.options.Compress = compress
				l.start(l.store)
				defer l.stop()
				refs := l.pod("p1", "build", "test")
				l.observe()
				store := &watched{Store: l.store}
				r := logs.NewReader(logs.ReaderOptions{
					Store: store, Source: l.kubelet, Layout: logs.Layout{DefaultConnection: "main"}, Cluster: l.cluster(),
				})
				if page, err := r.Lines(t.Context(), l.job, "build", "test", 1, 10); err != nil || page.Total != 0 || page.Complete {
					t.Errorf("before the first line: %+v, %v", page, err)
				}
				// More than a segment of 8 MiB, and chunks behind it.
				for i := range 150 {
					l.kubelet.print(refs[0], line(fmt.Sprintf("batch %d", i)), line(strings.Repeat(fmt.Sprintf("%d ", i), 20<<10)))
					time.Sleep(50 * time.Millisecond)
				}
				l.kubelet.print(refs[0], entry{at: time.Now(), text: strings.Repeat("open ", 10<<10), partial: true})
				time.Sleep(10 * time.Second)
				segments := 0
				for _, key := range l.store.under(runPath + "/.live/") {
					if strings.HasSuffix(key, ".seg") {
						segments++
					}
				}
				if segments == 0 {
					t.Errorf("no segment among %v", l.store.under(runPath+"/.live/"))
				}
				store.forget()
				live := pages(l, r, "build", "test", 37)
				if gets, read := store.forget(); len(gets) > 100 || read > 30<<20 {
					t.Errorf("9 pages read %d bytes of %d objects", read, len(gets))
				}
				if len(live) != 300 {
					t.Errorf("%d live lines, want 300: the open line is not one yet", len(live))
				}
				search := logfile.SearchOptions{Pattern: regexp.MustCompile("^batch .*9$|open")}
				found, err := r.Search(t.Context(), l.job, "build", "test", search)
				if err != nil || len(found.Matches) != 15 || found.Next != 0 || found.Complete {
					t.Errorf("live search: %d matches, next %d, %v", len(found.Matches), found.Next, err)
				}
				at := live[100].Time
				number, err := r.LineAt(t.Context(), l.job, "build", "test", at)
				if err != nil || number == 0 || number > 101 || live[number-1].Time.Before(at) {
					t.Errorf("line at %v: %d, %v", at, number, err)
				}
				object, err := r.OpenRange(t.Context(), l.job, "build", "test", storage.Range{})
				if err != nil {
					t.Fatal(err)
				}
				printed := l.kubelet.printed(refs[0])
				got := readAll(t, object.Body)
				if !strings.HasPrefix(printed, got) || !strings.Contains(got[len(got)-9:], "open") || object.ETag != "" {
					t.Errorf("live text has %d of %d bytes, ETag %s", len(got), len(printed), object.ETag)
				}
				l.kubelet.print(refs[0], line("end"))
				l.end(refs[0], 0)
				l.finish(v1alpha1.StateSuccess)
				l.observe()
				archive(l)
				archived := pages(l, r, "build", "test", 1000)
				if diff := cmp.Diff(live, archived[:300]); diff != "" {
					t.Errorf("lines (-live +archived):\n%s", diff)
				}
				if last := archived[300]; len(archived) != 301 || !strings.HasSuffix(last.Text, "open end") {
					t.Errorf("%d lines, the last has %d bytes", len(archived), len(last.Text))
				}
				object, err = r.OpenRange(t.Context(), l.job, "", "", storage.Range{Offset: 6, Length: 3})
				if err != nil || readAll(t, object.Body) != "0\n0" {
					t.Errorf("range of all steps: %v", err)
				}
				body, err := r.Open(t.Context(), l.job, "", "")
				if err != nil || readAll(t, body) != l.kubelet.printed(refs[0]) {
					t.Errorf("all steps differ from what was printed: %v", err)
				}
			})
		})
	}
}

func TestReaderHidesSecretsInLiveLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		refs := l.pod("p1", "build", "test")
		l.pods[0].Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "token"}}}}
		secrets := api{l: l, secrets: map[string]string{"token": "hunter2-and-more"}}
		l.options.API = secrets
		l.start(l.store)
		defer l.stop()
		l.observe()
		for _, a := range []api{secrets, {l: l, err: errors.New("connection refused")}} {
			var got []logs.Line
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			r := logs.NewReader(logs.ReaderOptions{
				Store: l.store, Source: l.kubelet, Layout: logs.Layout{DefaultConnection: "main"}, Cluster: l.cluster(), API: a,
			})
			go func() {
				done <- r.Follow(ctx, l.job.DeepCopy(), nil, func(line logs.Line) error {
					got = append(got, line)
					return nil
				})
			}()
			l.kubelet.print(refs[0], line("the token is hunter2-and-more."), entry{at: time.Now(), text: "hunter2-", partial: true})
			time.Sleep(500 * time.Millisecond)
			l.kubelet.print(refs[0], line("and-more"))
			time.Sleep(10 * time.Second)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("Follow: %v", err)
			}
			if len(got) < 2 {
				t.Errorf("%d lines", len(got))
			}
			for _, line := range got {
				if want := []string{"the token is ****************.", "****************"}[(line.Number+1)%2]; line.Text != want {
					t.Errorf("line %d is %q, want %q", line.Number, line.Text, want)
				}
			}
		}
	})
}

func TestReaderFollowsSidecarsBesideSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "test")
		db := l.withSidecar("sidecar-db")
		l.kubelet.print(db, line("ready"))
		l.kubelet.print(refs[0], line("works"))
		l.observe()
		got := watch(l, nil)
		time.Sleep(time.Second)
		l.kubelet.print(refs[0], line("done"))
		l.end(refs[0], 0)
		time.Sleep(5 * time.Second)
		l.kubelet.print(db, line("stopped"))
		l.end(db, 0)
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		archive(l)
		want := map[string][]logs.Line{
			"build/test":       {{Task: "build", Step: "test", Number: 1, Text: "works"}, {Task: "build", Step: "test", Number: 2, Text: "done"}},
			"build/sidecar.db": {{Task: "build", Step: "sidecar.db", Number: 1, Text: "ready"}, {Task: "build", Step: "sidecar.db", Number: 2, Text: "stopped"}},
		}
		lines := got()
		if diff := cmp.Diff(want, bySteps(lines), ignoreTimes); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		if lines[0].Text+lines[1].Text == "worksdone" {
			t.Error("the sidecar was not followed while the step ran")
		}
	})
}

func TestReaderFollowsAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		step := l.pod("p1", "build", "test")[0]
		db := l.withSidecar("sidecar-db")
		l.kubelet.print(db, line("one"))
		l.observe()
		early := watch(l, nil)
		time.Sleep(5 * time.Second)
		l.kubelet.print(db, line("two"))
		for range 2 {
			time.Sleep(time.Second)
			l.restart(db, 1, "Error")
			l.kubelet.print(db, line("again"))
			l.observe()
			time.Sleep(5 * time.Second)
			l.kubelet.print(db, line("and more"))
			time.Sleep(5 * time.Second)
		}
		late := watch(l, map[string]int{"build/sidecar.db": 4})
		time.Sleep(time.Second)
		l.kubelet.print(db, line("end"))
		l.end(step, 0)
		l.end(db, 0)
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		archive(l)
		replay := bySteps(watch(l, nil)())
		if n := len(replay["build/sidecar.db"]); n != 9 {
			t.Errorf("%d lines, want 9", n)
		}
		if diff := cmp.Diff(replay, bySteps(early())); diff != "" {
			t.Errorf("from the start (-archived +live):\n%s", diff)
		}
		if diff := cmp.Diff(replay["build/sidecar.db"][4:], bySteps(late())["build/sidecar.db"]); diff != "" {
			t.Errorf("from the middle (-archived +live):\n%s", diff)
		}
	})
}

func TestReaderDoesNotGiveWhatTektonEndsASidecarWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		step := l.pod("p1", "build", "test")[0]
		db := l.withSidecar("sidecar-db")
		l.kubelet.print(db, line("one"))
		l.observe()
		live := watch(l, nil)
		time.Sleep(5 * time.Second)
		l.end(step, 0)
		l.kubelet.print(db, line("bye"))
		time.Sleep(time.Second)
		l.restart(db, 137, "Error")
		l.kubelet.print(db, line("Exiting..."))
		l.observe()
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		archive(l)
		var got []string
		for _, line := range live() {
			got = append(got, line.Text)
		}
		if diff := cmp.Diff([]string{"one", "bye"}, got); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}
