package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Stop asks the process to end, and kills it when it has not ended within grace. It is done when the process is gone.
func Stop(ctx context.Context, id ID, grace time.Duration) error {
	if !id.Alive() {
		return nil
	}
	if err := signal(id, unix.SIGTERM); err != nil {
		return err
	}
	if gone(ctx, id, grace) {
		return nil
	}
	return Kill(ctx, id)
}

// Kill ends the process at once and waits until it is gone.
func Kill(ctx context.Context, id ID) error {
	if err := signal(id, unix.SIGKILL); err != nil {
		return err
	}
	const patience = 10 * time.Second
	if !gone(ctx, id, patience) {
		return fmt.Errorf("kill process %d: still there after %v", id.PID, patience)
	}
	return nil
}

// signal opens a handle on the process first and checks its identity through it, so that the id cannot be reused in between.
func signal(id ID, sig unix.Signal) error {
	fd, err := unix.PidfdOpen(id.PID, 0)
	if errors.Is(err, unix.ESRCH) || !id.Alive() {
		if err == nil {
			err = unix.Close(fd)
		}
		return ignore(err, unix.ESRCH)
	}
	if err != nil {
		return fmt.Errorf("open process %d: %w", id.PID, err)
	}
	err = ignore(unix.PidfdSendSignal(fd, sig, nil, 0), unix.ESRCH)
	if err = errors.Join(err, unix.Close(fd)); err != nil {
		return fmt.Errorf("signal process %d: %w", id.PID, err)
	}
	return nil
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

func gone(ctx context.Context, id ID, patience time.Duration) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for id.Alive() {
		select {
		case <-ctx.Done():
			return false
		case <-deadline.C:
			return !id.Alive()
		case <-tick.C:
		}
	}
	return true
}
