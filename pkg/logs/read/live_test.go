package read_test

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
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// api answers for the lab's pods and for secrets.
type api struct {
	client.Reader
	l       *logstest.Lab
	secrets map[string]string
	err     error // of every question for a secret
}

func (a api) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	switch o := o.(type) {
	case *corev1.Pod:
		a.l.Mu.Lock()
		defer a.l.Mu.Unlock()
		for i := range a.l.Pods {
			if a.l.Pods[i].Name == key.Name {
				a.l.Pods[i].DeepCopyInto(o)
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
func pages(l *logstest.Lab, r *read.Reader, task, step string, size int) []logs.Line {
	l.T.Helper()
	l.Mu.Lock()
	job := l.Job.DeepCopy()
	l.Mu.Unlock()
	var lines []logs.Line
	for {
		page, err := r.Lines(l.T.Context(), job, task, step, len(lines)+1, len(lines)+size)
		if err != nil {
			l.T.Fatal(err)
		}
		lines = append(lines, page.Lines...)
		if len(lines) == page.Total {
			return lines
		}
		if len(page.Lines) == 0 {
			l.T.Fatalf("no lines from %d of %d", len(lines)+1, page.Total)
		}
	}
}

func TestPagesAreTheSameLiveAndArchived(t *testing.T) {
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Options.Compress = compress
				l.Start(l.Store)
				defer l.Stop()
				refs := l.Pod("p1", "build", "test")
				l.Observe()
				store := &watched{Store: l.Store}
				r := read.New(read.Options{
					Store: store, Source: l.Kubelet, Layout: logs.Layout{DefaultConnection: "main"}, Cluster: l.Cluster(),
				})
				if page, err := r.Lines(t.Context(), l.Job, "build", "test", 1, 10); err != nil || page.Total != 0 || page.Complete {
					t.Errorf("before the first line: %+v, %v", page, err)
				}
				// More than a segment of 8 MiB, and chunks behind it.
				for i := range 150 {
					l.Kubelet.Print(refs[0], logstest.Line(fmt.Sprintf("batch %d", i)), logstest.Line(strings.Repeat(fmt.Sprintf("%d ", i), 20<<10)))
					time.Sleep(50 * time.Millisecond)
				}
				l.Kubelet.Print(refs[0], logstest.Entry{At: time.Now(), Text: strings.Repeat("open ", 10<<10), Partial: true})
				time.Sleep(10 * time.Second)
				segments := 0
				for _, key := range l.Store.Under(logstest.RunPath + "/.live/") {
					if strings.HasSuffix(key, ".seg") {
						segments++
					}
				}
				if segments == 0 {
					t.Errorf("no segment among %v", l.Store.Under(logstest.RunPath+"/.live/"))
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
				found, err := r.Search(t.Context(), l.Job, "build", "test", search)
				if err != nil || len(found.Matches) != 15 || found.Next != 0 || found.Complete {
					t.Errorf("live search: %d matches, next %d, %v", len(found.Matches), found.Next, err)
				}
				at := live[100].Time
				number, err := r.LineAt(t.Context(), l.Job, "build", "test", at)
				if err != nil || number == 0 || number > 101 || live[number-1].Time.Before(at) {
					t.Errorf("line at %v: %d, %v", at, number, err)
				}
				object, err := r.OpenRange(t.Context(), l.Job, "build", "test", storage.Range{})
				if err != nil {
					t.Fatal(err)
				}
				printed := l.Kubelet.Printed(refs[0])
				got := readAll(t, object.Body)
				if !strings.HasPrefix(printed, got) || !strings.Contains(got[len(got)-9:], "open") || object.ETag != "" {
					t.Errorf("live text has %d of %d bytes, ETag %s", len(got), len(printed), object.ETag)
				}
				l.Kubelet.Print(refs[0], logstest.Line("end"))
				l.End(refs[0], 0)
				l.Finish(v1alpha1.StateSuccess)
				l.Observe()
				archive(l)
				archived := pages(l, r, "build", "test", 1000)
				if diff := cmp.Diff(live, archived[:300]); diff != "" {
					t.Errorf("lines (-live +archived):\n%s", diff)
				}
				if last := archived[300]; len(archived) != 301 || !strings.HasSuffix(last.Text, "open end") {
					t.Errorf("%d lines, the last has %d bytes", len(archived), len(last.Text))
				}
				object, err = r.OpenRange(t.Context(), l.Job, "", "", storage.Range{Offset: 6, Length: 3})
				if err != nil || readAll(t, object.Body) != "0\n0" {
					t.Errorf("range of all steps: %v", err)
				}
				body, err := r.Open(t.Context(), l.Job, "", "")
				if err != nil || readAll(t, body) != l.Kubelet.Printed(refs[0]) {
					t.Errorf("all steps differ from what was printed: %v", err)
				}
			})
		})
	}
}

func TestReaderHidesSecretsInLiveLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		refs := l.Pod("p1", "build", "test")
		l.Pods[0].Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "token"}}}}
		secrets := api{l: l, secrets: map[string]string{"token": "hunter2-and-more"}}
		l.Options.API = secrets
		l.Start(l.Store)
		defer l.Stop()
		l.Observe()
		for _, a := range []api{secrets, {l: l, err: errors.New("connection refused")}} {
			var got []logs.Line
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			r := read.New(read.Options{
				Store: l.Store, Source: l.Kubelet, Layout: logs.Layout{DefaultConnection: "main"}, Cluster: l.Cluster(), API: a,
			})
			go func() {
				done <- r.Follow(ctx, l.Job.DeepCopy(), nil, func(line logs.Line) error {
					got = append(got, line)
					return nil
				})
			}()
			l.Kubelet.Print(refs[0], logstest.Line("the token is hunter2-and-more."), logstest.Entry{At: time.Now(), Text: "hunter2-", Partial: true})
			time.Sleep(500 * time.Millisecond)
			l.Kubelet.Print(refs[0], logstest.Line("and-more"))
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
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "test")
		db := l.WithSidecar("sidecar-db")
		l.Kubelet.Print(db, logstest.Line("ready"))
		l.Kubelet.Print(refs[0], logstest.Line("works"))
		l.Observe()
		got := watch(l, nil)
		time.Sleep(time.Second)
		l.Kubelet.Print(refs[0], logstest.Line("done"))
		l.End(refs[0], 0)
		time.Sleep(5 * time.Second)
		l.Kubelet.Print(db, logstest.Line("stopped"))
		l.End(db, 0)
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
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
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		step := l.Pod("p1", "build", "test")[0]
		db := l.WithSidecar("sidecar-db")
		l.Kubelet.Print(db, logstest.Line("one"))
		l.Observe()
		early := watch(l, nil)
		time.Sleep(5 * time.Second)
		l.Kubelet.Print(db, logstest.Line("two"))
		for range 2 {
			time.Sleep(time.Second)
			l.Restart(db, 1, "Error")
			l.Kubelet.Print(db, logstest.Line("again"))
			l.Observe()
			time.Sleep(5 * time.Second)
			l.Kubelet.Print(db, logstest.Line("and more"))
			time.Sleep(5 * time.Second)
		}
		late := watch(l, map[string]int{"build/sidecar.db": 4})
		time.Sleep(time.Second)
		l.Kubelet.Print(db, logstest.Line("end"))
		l.End(step, 0)
		l.End(db, 0)
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
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
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		step := l.Pod("p1", "build", "test")[0]
		db := l.WithSidecar("sidecar-db")
		l.Kubelet.Print(db, logstest.Line("one"))
		l.Observe()
		live := watch(l, nil)
		time.Sleep(5 * time.Second)
		l.End(step, 0)
		l.Kubelet.Print(db, logstest.Line("bye"))
		time.Sleep(time.Second)
		l.Restart(db, 137, "Error")
		l.Kubelet.Print(db, logstest.Line("Exiting..."))
		l.Observe()
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
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
