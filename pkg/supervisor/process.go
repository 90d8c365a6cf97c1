package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// running is a started process, alone in its process group with everything it starts.
type running struct {
	pid   int
	ended chan syscall.WaitStatus
}

// start runs the command with the given output. Orphans of the process become ours, so that none stays a zombie.
func start(p Process, out *output) (*running, error) {
	path, err := exec.LookPath(p.Command[0])
	if err != nil {
		return nil, fmt.Errorf("start the process: %w", err)
	}
	adoptOrphans()
	child, err := os.StartProcess(path, p.Command, &os.ProcAttr{
		Env:   childEnv(p.Environ),
		Files: []*os.File{os.Stdin, out.stdout.child, out.stderr.child},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("start the process: %w", err)
	}
	r := &running{pid: child.Pid, ended: make(chan syscall.WaitStatus, 1)}
	if err := child.Release(); err != nil {
		return nil, fmt.Errorf("start the process: %w", err)
	}
	go r.reap()
	return r, nil
}

// reap waits for children until the process is among them.
func (r *running) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil: // no child is left, which cannot be before the process was reaped
			r.ended <- status
			return
		case pid == r.pid && (status.Exited() || status.Signaled()):
			r.ended <- status
			return
		}
	}
}

// signal reaches the process and everything that it started in its group.
func (r *running) signal(sig syscall.Signal) {
	_ = syscall.Kill(-r.pid, sig) // a group that has ended needs none
}
