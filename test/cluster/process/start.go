package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Spec says how to start one background process.
type Spec struct {
	Name string
	// Argv begins with the program's path; Argv0 replaces what the program sees as its own name, for multi-call binaries.
	Argv  []string
	Argv0 string
	// Env is added to the environment of this command.
	Env []string
	Dir string
	// User runs the process as someone else; nil keeps the current user.
	User *User
	// Log gets standard output and error, appended over restarts.
	Log string
}

// User is a numeric user and group without supplementary groups.
type User struct{ UID, GID uint32 }

// Command prepares a run of argv as user, nil for the current one.
func Command(ctx context.Context, user *User, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	if user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user.UID, Gid: user.GID}}
	}
	return cmd
}

// Start runs spec in a session of its own, so that it outlives this command and gets no signal from the terminal.
func Start(spec Spec) (ID, error) {
	if err := os.MkdirAll(filepath.Dir(spec.Log), 0o755); err != nil {
		return ID{}, fmt.Errorf("create log folder: %w", err)
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return ID{}, fmt.Errorf("open log of %s: %w", spec.Name, err)
	}
	// It is to outlive every context of this command.
	cmd := Command(context.Background(), spec.User, spec.Argv...)
	if spec.Argv0 != "" {
		cmd.Args[0] = spec.Argv0
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Dir = spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Start()
	if err = errors.Join(err, log.Close()); err != nil {
		return ID{}, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	id, err := Identify(cmd.Process.Pid)
	// Reap it if it ends while this command still runs, lest a dead part looks alive as a zombie elsewhere.
	go func() { _ = cmd.Wait() }()
	if err != nil {
		return ID{}, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	return id, nil
}
