package process_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/process"
)

func TestIdentityNamesOneProcess(t *testing.T) {
	me, err := process.Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*process.ID)
		alive  bool
	}{
		"the process itself is alive":              {func(*process.ID) {}, true},
		"another start time is a reused id":        {func(id *process.ID) { id.Start++ }, false},
		"another boot is a reused id":              {func(id *process.ID) { id.Boot = "0" }, false},
		"the zero id names none":                   {func(id *process.ID) { *id = process.ID{} }, false},
		"an id beyond the kernel's limit is alone": {func(id *process.ID) { id.PID = 1 << 30 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			id := me
			tc.change(&id)
			if got := id.Alive(); got != tc.alive {
				t.Errorf("Alive() = %v, want %v", got, tc.alive)
			}
		})
	}
}

func TestStartedProcessIsFoundAndStopped(t *testing.T) {
	const mark = "PHAROS_CLUSTER_TEST=started-process-is-found"
	id, err := process.Start(process.Spec{
		Name: "sleeper",
		Argv: []string{"/bin/sh", "-c", "echo here; exec sleep 600"},
		Env:  []string{mark},
		Log:  filepath.Join(t.TempDir(), "log", "sleeper.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill(t.Context(), id) }) // in case the test ends early
	found, err := process.WithEnv(mark)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0] != id {
		t.Errorf("WithEnv = %v, want %v", found, id)
	}
	if err := process.Stop(t.Context(), id, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if id.Alive() {
		t.Error("still alive after Stop")
	}
}

func TestStopLeavesAProcessThatReusedTheIDAlone(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // ends with the test
	id, err := process.Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	old := id
	old.Start--
	if err := process.Stop(t.Context(), old, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if !id.Alive() {
		t.Error("a process with another start time was signalled")
	}
}

func TestTailGivesTheLastLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(strings.Repeat("old\n", 40_000)+"a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := process.Tail(file, 3), "old\na\nb"; got != want {
		t.Errorf("Tail = %q, want %q", got, want)
	}
	if got := process.Tail(file+"-missing", 3); got != "" {
		t.Errorf("Tail of a missing file = %q, want nothing", got)
	}
}
