package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Pharos is the product under test, as a process of its own.
type Pharos struct {
	// WebhookURL, DashboardURL and MetricsURL are where it listens; they stay the same over restarts.
	WebhookURL, DashboardURL, MetricsURL string

	args []string
	dir  string
	env  []string
	out  io.Writer
	cmd  *exec.Cmd
	done chan error
}

// Options of a Pharos process.
type Options struct {
	Kubeconfig string
	// ConfigDir holds config.yaml and plugins.yaml; Pharos runs in it, so that its messages name them without the folder.
	ConfigDir string
	// Image runs the clone step.
	Image string
	// Output receives the process's log.
	Output io.Writer
	// Env is added to the environment, as KEY=value.
	Env []string
	// Args are further arguments of serve.
	Args []string
}

// NewPharos prepares a process on free loopback ports; Start runs it.
func NewPharos(o Options) (*Pharos, error) {
	var address [4]string
	for i := range address {
		a, err := FreeAddress()
		if err != nil {
			return nil, err
		}
		address[i] = a
	}
	p := &Pharos{
		WebhookURL:   "http://" + address[0],
		DashboardURL: "http://" + address[1],
		MetricsURL:   "http://" + address[2],
		dir:          o.ConfigDir,
		out:          o.Output,
		env:          append(os.Environ(), o.Env...),
	}
	p.args = append([]string{
		"serve",
		"--kubeconfig", o.Kubeconfig,
		"--config-path", "config.yaml",
		"--plugin-config", "plugins.yaml",
		"--webhook-address", address[0],
		"--dashboard-address", address[1],
		"--metrics-address", address[2],
		"--dashboard-url", p.DashboardURL,
		"--artifacts-address", address[3],
		"--artifacts-url", "http://" + address[3], // pods share the machine's network
		"--image", o.Image,
	}, o.Args...)
	return p, nil
}

// with is a stopped copy with further arguments.
func (p *Pharos) with(args ...string) *Pharos {
	other := *p
	other.args = append(slices.Clone(p.args), args...)
	other.cmd, other.done = nil, nil
	return &other
}

// Start runs the process and returns once it is ready.
func (p *Pharos) Start(ctx context.Context) error {
	p.cmd = exec.Command(filepath.Join(Root(), "bin", "pharos"), p.args...)
	p.cmd.Dir, p.cmd.Env = p.dir, p.env
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start pharos: %w", err)
	}
	done := make(chan error, 1)
	p.done = done
	cmd := p.cmd
	go func() { done <- cmd.Wait() }()
	return Until(ctx, 30*time.Second, "pharos to be ready", func() (bool, string) {
		select {
		case err := <-done:
			done <- err
			return true, ""
		default:
		}
		resp, err := http.Get(p.MetricsURL + "/readyz")
		if err != nil {
			return false, err.Error()
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK, resp.Status
	})
}

// Pid of the running process.
func (p *Pharos) Pid() int { return p.cmd.Process.Pid }

// Kill ends the process at once, as a crash would.
func (p *Pharos) Kill() error { return p.end(syscall.SIGKILL) }

// Pause stops the process from doing anything, as a machine without time for it would, until Resume.
func (p *Pharos) Pause() error { return p.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (p *Pharos) Resume() error { return p.signal(syscall.SIGCONT) }

// Stop asks the process to drain and waits for its end.
func (p *Pharos) Stop() error { return p.end(syscall.SIGTERM) }

func (p *Pharos) end(sig syscall.Signal) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-p.done:
		p.done <- err
		if sig == syscall.SIGKILL {
			return nil
		}
		return err
	case <-time.After(time.Minute):
		return errors.New("pharos did not end within a minute")
	}
}

func (p *Pharos) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal pharos: %w", err)
	}
	return nil
}

// Metric is the sum of all samples of a metric whose line holds every one of the given label pairs, such as `result="ok"`.
func (p *Pharos) Metric(name string, labels ...string) (float64, error) {
	resp, err := http.Get(p.MetricsURL + "/metrics")
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	var sum float64
	for line := range strings.Lines(string(body)) {
		if value, ok := sample(line, name, labels); ok {
			sum += value
		}
	}
	return sum, nil
}

func sample(line, name string, labels []string) (float64, bool) {
	rest, ok := strings.CutPrefix(line, name)
	if !ok || (rest[0] != '{' && rest[0] != ' ') {
		return 0, false
	}
	for _, l := range labels {
		if !strings.Contains(rest, l) {
			return 0, false
		}
	}
	var value float64
	fields := strings.Fields(line)
	_, err := fmt.Sscan(fields[len(fields)-1], &value)
	return value, err == nil
}

// Until waits for a condition, looking ten times a second; the error tells what it last saw.
func Until(ctx context.Context, limit time.Duration, what string, holds func() (bool, string)) error {
	return UntilEvery(ctx, 100*time.Millisecond, limit, what, holds)
}

// UntilEvery is Until with another pause between two looks.
func UntilEvery(ctx context.Context, pause, limit time.Duration, what string, holds func() (bool, string)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		ok, saw := holds()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v for %s; last saw: %s", limit, what, saw)
		case <-tick.C:
		}
	}
}
