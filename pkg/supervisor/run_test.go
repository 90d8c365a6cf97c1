package supervisor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/supervisor"
)

// TestMain lets the test binary be the supervisor: it reaps every child of its process, so it gets one of its own.
func TestMain(m *testing.M) {
	if os.Getenv(supervisor.EnvOrder) == "" {
		os.Exit(m.Run())
	}
	order, err := supervisor.ReadOrder(os.Getenv)
	if err != nil {
		panic(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	os.Exit(supervisor.Run(context.Background(), order, supervisor.Process{
		Command: os.Args[1:], Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Signals: signals,
	}))
}

// supervised is a supervisor with its process.
type supervised struct {
	cmd    *exec.Cmd
	stdout lines
	stderr bytes.Buffer
}

// lines tells of the first output.
type lines struct {
	text  bytes.Buffer
	first chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	if l.text.Len() == 0 {
		close(l.first)
	}
	return l.text.Write(p)
}

func (l *lines) String() string { return l.text.String() }

func begin(t *testing.T, o supervisor.Order, env []string, command ...string) *supervised {
	t.Helper()
	order, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &supervised{cmd: exec.Command(os.Args[0], command...), stdout: lines{first: make(chan struct{})}}
	s.cmd.Env = append(append(os.Environ(), supervisor.EnvOrder+"="+string(order)), env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *supervised) end(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}

func limits(timeout, grace time.Duration) supervisor.Order {
	return supervisor.Order{Timeout: metav1.Duration{Duration: timeout}, GracePeriod: metav1.Duration{Duration: grace}}
}

func TestAProcessEndsAsItWould(t *testing.T) {
	short := limits(100*time.Millisecond, 50*time.Millisecond)
	for name, tc := range map[string]struct {
		order       supervisor.Order
		script      string
		code        int
		out, reason string
	}{
		"a success says nothing":                {limits(time.Minute, time.Second), "echo done", 0, "done\n", ""},
		"its exit code is kept":                 {limits(0, 0), "exit 3", 3, "", "pharos: the process ended with code 3 after "},
		"a signal of its own is told":           {limits(0, 0), "kill -SEGV $$", 139, "", `pharos: the process was ended by signal "segmentation fault"`},
		"it does not see how it is run":         {limits(0, 0), "echo [$PHAROS_RUN]", 0, "[]\n", ""},
		"a timeout interrupts":                  {short, "trap 'echo interrupted; exit 7' INT; sleep 60 & wait", 124, "interrupted\n", "pharos: timed out after 100ms: the process ended "},
		"one that does not listen is killed":    {short, "trap '' INT; sleep 60", 124, "", "pharos: timed out after 100ms: the process was killed after a grace period of 50ms"},
		"programs below it are interrupted too": {short, "sleep 60; echo never", 124, "", `after signal "interrupt"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, tc.order, nil, "sh", "-c", tc.script)
			if code := s.end(t); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if s.stdout.String() != tc.out {
				t.Errorf("output %q, want %q", s.stdout.String(), tc.out)
			}
			if text := s.stderr.String(); !strings.Contains(text, tc.reason) || strings.Count(text, "\n") > 1 || (tc.reason == "") != (text == "") {
				t.Errorf("told %q, want one line with %q", text, tc.reason)
			}
		})
	}
}

func TestAProgramThatDoesNotExistIsNamed(t *testing.T) {
	s := begin(t, supervisor.Order{}, nil, "no-such-program")
	if code := s.end(t); code != supervisor.ExitNotStarted || !strings.Contains(s.stderr.String(), "no-such-program") {
		t.Errorf("exit code %d, told %q", code, s.stderr.String())
	}
}

func TestASignalFromOutsideIsPassedOn(t *testing.T) {
	s := begin(t, limits(time.Minute, time.Minute), nil, "sh", "-c", "trap 'echo asked to stop; exit 0' TERM; echo ready; sleep 60 & wait")
	<-s.stdout.first
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.end(t); code != supervisor.ExitInterrupted || s.stdout.String() != "ready\nasked to stop\n" ||
		!strings.Contains(s.stderr.String(), `stopped by signal "terminated"`) {
		t.Errorf("exit code %d, output %q, told %q", code, s.stdout.String(), s.stderr.String())
	}
}

func TestNothingOutlivesTheProcess(t *testing.T) {
	s := begin(t, supervisor.Order{}, nil, "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!")
	if code := s.end(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, s.stderr.String())
	}
	pid, err := strconv.Atoi(strings.TrimSpace(s.stdout.String()))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Second); ; {
		state, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(state), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on: %s, %v", pid, state, err)
		}
	}
}

func TestTheSurroundingsAreMade(t *testing.T) {
	dir := t.TempDir()
	o := supervisor.Order{Artifacts: filepath.Join(dir, "logs", "artifacts"), Release: filepath.Join(dir, "out")}
	s := begin(t, o, nil, "sh", "-c", "test -d "+o.Artifacts+" && test -f "+o.Release)
	if code := s.end(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.stderr.String())
	}
}

func TestTheProgramCanBePlaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pharos")
	if err := supervisor.Place(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o755 || info.Size() == 0 {
		t.Errorf("placed %v, %v", info, err)
	}
	if err := supervisor.Place(filepath.Join(t.TempDir(), "missing", "pharos")); err == nil {
		t.Error("placed into a folder that does not exist")
	}
}

func TestAnOrderThatIsNoneIsRefused(t *testing.T) {
	if _, err := supervisor.ReadOrder(func(string) string { return "{" }); err == nil || !strings.Contains(err.Error(), supervisor.EnvOrder) {
		t.Errorf("error %v", err)
	}
}
