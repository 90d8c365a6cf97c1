package supervisor

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pharos-ci/pharos/pkg/censor"
)

// Exit codes of a supervised process that did not end by itself, as timeout(1) and shells have them.
const (
	ExitTimeout     = 124
	ExitNotStarted  = 127
	ExitInterrupted = 130
	exitSignal      = 128 // and the signal's number
)

const (
	// uploadTime bounds the upload of a process that ended by itself.
	uploadTime = 15 * time.Minute
	// A pod that is being deleted is killed after 30 seconds: half of that is the process's, the rest the upload's.
	stopGrace  = 15 * time.Second
	stopUpload = 12 * time.Second
)

// Process is what a container was meant to run.
type Process struct {
	Command []string
	// Environ is the environment; [EnvOrder] is taken out of it.
	Environ        []string
	Stdout, Stderr *os.File
	// Signals end the process when one arrives.
	Signals <-chan os.Signal
}

// Run runs the process to its end, sends its artifacts, and returns the exit code for this process. It says in one line on
// Stderr why the process ended, unless that was a success.
//
// It reaps every child of the calling process, so it must not run beside code that waits for children of its own.
func Run(ctx context.Context, o Order, p Process) int {
	if err := prepare(o); err != nil {
		tell(p.Stderr, "%v", err)
	}
	secrets, err := o.Censor.secrets(p.Environ)
	if err != nil {
		tell(p.Stderr, "%v: their content is not hidden", err)
	}
	out, err := newOutput(p, secrets)
	if err != nil {
		tell(p.Stderr, "%v", err)
		return ExitNotStarted
	}
	started := time.Now()
	running, err := start(p, out)
	if err != nil {
		out.close()
		tell(p.Stderr, "%v", err)
		return ExitNotStarted
	}
	end := running.wait(o, p.Signals)
	out.close()
	if end.reason != "" {
		tell(p.Stderr, "%s", end.reason)
	} else if end.code != 0 {
		tell(p.Stderr, "the process ended with code %d after %v", end.code, time.Since(started).Round(time.Millisecond))
	}
	upload(ctx, o, p, secrets, end)
	return end.code
}

func upload(ctx context.Context, o Order, p Process, secrets *censor.Secrets, end ending) {
	if o.Upload.URL == "" || o.Artifacts == "" {
		return
	}
	limit := uploadTime
	if end.stopped {
		limit = stopUpload
	}
	// The signal that stopped the process may have ended the context too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	u := newUploader(o.Upload, secrets)
	sent, err := u.folder(ctx, o.Artifacts)
	if sent.files > 0 || err != nil {
		tell(p.Stderr, "%d artifacts uploaded, %d bytes", sent.files, sent.bytes)
	}
	if err != nil {
		tell(p.Stderr, "upload artifacts: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}

// prepare makes what the process and its neighbours expect.
func prepare(o Order) error {
	if o.Artifacts != "" {
		if err := os.MkdirAll(o.Artifacts, 0o777); err != nil {
			return fmt.Errorf("make the artifacts' folder: %w", err)
		}
	}
	if o.Release != "" {
		f, err := os.Create(o.Release)
		if err != nil { // the next container then waits for this one's end, as Tekton would have it
			return fmt.Errorf("release the next container: %w", err)
		}
		return f.Close()
	}
	return nil
}

func childEnv(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool { return strings.HasPrefix(kv, EnvOrder+"=") })
}

// tell writes one line for people who read the log.
func tell(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, "pharos: "+format+"\n", args...) // there is nowhere else to complain
}

// ending is how a process ended.
type ending struct {
	code int
	// reason is a line for people; empty where the code says it all.
	reason string
	// stopped means that the whole container is about to go.
	stopped bool
}

// wait supervises the process until its end.
func (r *running) wait(o Order, signals <-chan os.Signal) ending {
	var timeout <-chan time.Time
	if d := o.Timeout.Duration; d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		timeout = timer.C
	}
	defer r.signal(syscall.SIGKILL) // what it left behind would otherwise still write artifacts
	select {
	case status := <-r.ended:
		return ended(status)
	case <-timeout:
		how := r.stop(syscall.SIGINT, o.GracePeriod.Duration, signals)
		return ending{code: ExitTimeout, reason: fmt.Sprintf("timed out after %v: %s", o.Timeout.Duration, how)}
	case sig := <-signals:
		grace := min(o.GracePeriod.Duration, stopGrace)
		how := r.stop(sig.(syscall.Signal), grace, signals)
		return ending{code: ExitInterrupted, reason: fmt.Sprintf("stopped by signal %q: %s", sig, how), stopped: true}
	}
}

func ended(status syscall.WaitStatus) ending {
	if status.Signaled() {
		return ending{code: exitSignal + int(status.Signal()), reason: fmt.Sprintf("the process was ended by signal %q", status.Signal())}
	}
	return ending{code: status.ExitStatus()}
}

// stop asks the process to end and kills it after the grace period. Further signals are passed on.
func (r *running) stop(sig syscall.Signal, grace time.Duration, signals <-chan os.Signal) (how string) {
	since := time.Now()
	r.signal(sig)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for {
		select {
		case <-r.ended:
			return fmt.Sprintf("the process ended %v after signal %q", time.Since(since).Round(time.Millisecond), sig)
		case again := <-signals:
			r.signal(again.(syscall.Signal))
		case <-timer.C:
			r.signal(syscall.SIGKILL)
			<-r.ended
			return fmt.Sprintf("the process was killed after a grace period of %v", grace)
		}
	}
}
