package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/pharos-ci/pharos/pkg/config"
)

// watch starts a watcher that ends with the test; the channel gets every further configuration.
func watch(t *testing.T, paths config.Paths, poll time.Duration) (*config.Watcher, <-chan *config.Config) {
	t.Helper()
	w, err := config.NewWatcher(paths)
	if err != nil {
		t.Fatal(err)
	}
	w.Quiet, w.Poll = time.Millisecond, poll
	changed := make(chan *config.Config, 10)
	w.OnChange(func(c *config.Config) { changed <- c })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the watcher ended with %v", err)
		}
	})
	return w, changed
}

// replace writes a file as editors do: beside it, then renamed onto it.
func replace(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, changed <-chan *config.Config) *config.Config {
	t.Helper()
	select {
	case c := <-changed:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no new configuration came")
		return nil
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain: " + what)
		}
	}
}

// counted reads a metric of the watcher from the registry that is scraped.
func counted(t *testing.T, result string) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "pharos_config_reloads_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == result {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func TestAChangedFileIsLoaded(t *testing.T) {
	folder := write(t, map[string]string{"config.yaml": "log_level: info\n", "plugins.yaml": "", "jobs/a.yaml": ""})
	w, changed := watch(t, in(folder), time.Hour)
	replace(t, filepath.Join(folder, "config.yaml"), "log_level: debug\n")
	if c := receive(t, changed); c.LogLevel != "debug" || w.Current() != c {
		t.Errorf("log level %q, current %p, told %p", c.LogLevel, w.Current(), c)
	}
	if err := os.MkdirAll(filepath.Join(folder, "jobs", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(folder, "jobs", "deep", "b.yaml"), "presubmits:\n  acme/app:\n  - {name: b, spec: {containers: [{image: i}]}}\n")
	if c := receive(t, changed); len(c.Jobs.Repos()) != 1 {
		t.Errorf("repositories: %v", c.Jobs.Repos())
	}
}

func TestABadChangeKeepsTheOldConfigurationAndSaysSo(t *testing.T) {
	folder := write(t, map[string]string{"config.yaml": "log_level: info\n", "plugins.yaml": "", "jobs/a.yaml": ""})
	w, changed := watch(t, in(folder), time.Hour)
	before, failures := w.Current(), counted(t, "failure")
	path := filepath.Join(folder, "config.yaml")
	replace(t, path, "log_levle: debug\n")
	eventually(t, "an error", func() bool { return w.LastError() != nil })
	if want := path + `:1:1: error: unknown key "log_levle" in the file (did you mean log_level?)`; w.LastError().Error() != want {
		t.Errorf("got  %v\nwant %s", w.LastError(), want)
	}
	if w.Current() != before {
		t.Error("the old configuration was not kept")
	}
	if got := counted(t, "failure") - failures; got != 1 {
		t.Errorf("%v failures counted", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another error", func() bool { return strings.Contains(w.LastError().Error(), "cannot be read") })
	replace(t, path, "log_level: info\n")
	receive(t, changed)
	if w.LastError() != nil {
		t.Errorf("the error stayed: %v", w.LastError())
	}
}

func TestAMountedConfigMapIsLoadedWhenItsLinkIsSwapped(t *testing.T) {
	folder := write(t, map[string]string{
		"..v1/config.yaml": "log_level: info\n", "..v1/plugins.yaml": "", "..v1/a.yaml": "",
		"..v2/config.yaml": "log_level: debug\n", "..v2/plugins.yaml": "", "..v2/a.yaml": "",
	})
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("..v1", "..data")
	for _, name := range []string{"config.yaml", "plugins.yaml", "a.yaml"} {
		link("..data/"+name, name)
	}
	paths := config.Paths{Config: filepath.Join(folder, "config.yaml"), Plugins: filepath.Join(folder, "plugins.yaml"), Jobs: filepath.Join(folder, "a.yaml")}
	_, changed := watch(t, paths, time.Hour)
	link("..v2", "..data_tmp")
	if err := os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data")); err != nil {
		t.Fatal(err)
	}
	if c := receive(t, changed); c.LogLevel != "debug" {
		t.Errorf("log level %q", c.LogLevel)
	}
}

func TestAFolderBehindALinkIsLoadedWhenTheLinkIsSwapped(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml": "", "plugins.yaml": "", "one/a.yaml": "",
		"two/a.yaml": "periodics:\n- {name: p, interval: 1h, spec: {containers: [{image: i}]}}\n",
	})
	if err := os.Symlink("one", filepath.Join(folder, "jobs")); err != nil {
		t.Fatal(err)
	}
	_, changed := watch(t, in(folder), time.Hour)
	if err := os.Symlink("two", filepath.Join(folder, "next")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(folder, "next"), filepath.Join(folder, "jobs")); err != nil {
		t.Fatal(err)
	}
	c := receive(t, changed)
	if len(c.Jobs.Periodics()) != 1 {
		t.Fatalf("%d periodics", len(c.Jobs.Periodics()))
	}
	if at := c.Jobs.Periodics()[0].Place(); at != filepath.Join(folder, "jobs/a.yaml")+":2" {
		t.Errorf("the job is at %s", at)
	}
}

func TestTheSameContentIsNotLoadedAgain(t *testing.T) {
	folder := write(t, map[string]string{"config.yaml": "log_level: info\n", "plugins.yaml": "", "jobs/a.yaml": ""})
	w, changed := watch(t, in(folder), time.Millisecond) // polled, too
	before, loads := w.Current(), counted(t, "success")
	replace(t, filepath.Join(folder, "config.yaml"), "log_level: info\n")
	replace(t, filepath.Join(folder, "jobs", "a.yaml"), "")
	if w.Current() != before {
		t.Error("the same content was loaded again")
	}
	replace(t, filepath.Join(folder, "config.yaml"), "log_level: debug\n")
	if c := receive(t, changed); c.LogLevel != "debug" {
		t.Errorf("log level %q", c.LogLevel)
	}
	if got := counted(t, "success") - loads; got != 1 {
		t.Errorf("%v loads counted for one change", got)
	}
}

func TestTheWatcherDoesNotStartWithABadConfiguration(t *testing.T) {
	folder := write(t, map[string]string{"config.yaml": "log_level: loud\n", "plugins.yaml": "", "jobs/a.yaml": ""})
	if _, err := config.NewWatcher(in(folder)); err == nil {
		t.Error("it started")
	}
}
