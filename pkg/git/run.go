package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxOutput is what a record keeps of one command's output; the rest is only of interest to git's authors.
const maxOutput = 64 << 10

// defaultBackoff adds up to about a minute, long enough for a forge to restart.
var defaultBackoff = []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond,
	800 * time.Millisecond, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second}

// lagRetries is how often a ref that the remote does not know is asked for again: replicas of a forge lag behind the
// webhook by seconds, not minutes.
const lagRetries = 4

// errNoSuchObject is a transfer refused because the remote does not have, or does not give, the ref or commit.
var errNoSuchObject = errors.New("the remote does not have it")

// runner runs git in one folder and keeps the log.
type runner struct {
	dir, home           string
	userName, userEmail string
	remote              remote
	stdout              io.Writer
	backoff             []time.Duration
	commands            []Command
	// args come before the subcommand, ssh replaces the environment's GIT_SSH_COMMAND; see [Credentials].
	args []string
	ssh  string
}

func newRunner(opts Options, remote remote, dir, home string) runner {
	r := runner{dir: dir, home: home, userName: opts.UserName, userEmail: opts.UserEmail, remote: remote,
		stdout: opts.Stdout, backoff: opts.Backoff}
	if r.userName == "" {
		r.userName = DefaultUserName
	}
	if r.userEmail == "" {
		r.userEmail = DefaultUserEmail
	}
	if r.stdout == nil {
		r.stdout = io.Discard
	}
	if r.backoff == nil {
		r.backoff = defaultBackoff
	}
	return r
}

// globalArgs come before the subcommand: they shut out hooks, signing and background work, and allow a folder that
// belongs to another user, which is what a volume in a pod looks like.
func (r *runner) globalArgs() []string {
	return []string{"-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false",
		"-c", "core.fsync=none", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "merge.conflictStyle=merge", "-c", "merge.renames=true",
		"-c", "fetch.recurseSubmodules=false"}
}

func (r *runner) environ() []string {
	env := []string{"HOME=" + r.home, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true",
		"GIT_ALLOW_PROTOCOL=" + r.remote.protocols(), "GIT_EDITOR=true", "GIT_MERGE_AUTOEDIT=no",
		"GIT_AUTHOR_NAME=" + r.userName, "GIT_AUTHOR_EMAIL=" + r.userEmail,
		"GIT_COMMITTER_NAME=" + r.userName, "GIT_COMMITTER_EMAIL=" + r.userEmail}
	if os.Getenv("GIT_SSH_COMMAND") == "" {
		env = append(env, "GIT_SSH_COMMAND=ssh -oBatchMode=yes -oConnectTimeout=30")
	}
	for _, kv := range os.Environ() {
		// A repository or identity named by the caller's environment must not leak into the checkout.
		name, _, _ := strings.Cut(kv, "=")
		if passThrough(name) {
			env = append(env, kv)
		}
	}
	if r.ssh != "" {
		env = append(env, "GIT_SSH_COMMAND="+r.ssh)
	}
	return env
}

// passThrough says which variables of the pod git may see: how to reach the network, and what credential helpers need.
func passThrough(name string) bool {
	switch strings.ToUpper(name) {
	case "PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"GIT_SSL_CAINFO", "GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME":
		return true
	}
	return false
}

// git runs one command, logs it and returns its standard output.
func (r *runner) git(ctx context.Context, args ...string) (string, error) {
	return r.gitEnv(ctx, nil, args...)
}

func (r *runner) gitEnv(ctx context.Context, env []string, args ...string) (string, error) {
	line := r.remote.redact("git " + strings.Join(quote(args), " "))
	r.logf("$ %s", line)
	start := time.Now()
	stdout, output, err := r.exec(ctx, env, args)
	command := Command{Command: line, Output: r.remote.redact(tail(output)), Duration: time.Since(start)}
	if err != nil {
		command.Error = err.Error()
		err = fmt.Errorf("%s: %w: %s", args[0], classify(err, output), lastLine(command.Output))
	}
	r.commands = append(r.commands, command)
	if command.Output != "" {
		r.logf("%s", strings.TrimRight(command.Output, "\n"))
	}
	r.logf("  %s, %s", outcome(command.Error), command.Duration.Round(time.Millisecond))
	return stdout, err
}

// quiet runs a question whose answer is the exit code; questions are not logged.
func (r *runner) quiet(ctx context.Context, args ...string) bool {
	_, _, err := r.exec(ctx, nil, args)
	return err == nil
}

func (r *runner) exec(ctx context.Context, env, args []string) (stdout, all string, err error) {
	cmd := exec.CommandContext(ctx, "git", slices.Concat(r.globalArgs(), r.args, args)...)
	cmd.Dir = r.dir
	cmd.Env = append(r.environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	var both transcript
	cmd.Stdout = io.MultiWriter(&out, &both)
	cmd.Stderr = &both
	err = cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out.String(), both.String(), err
}

// transcript collects what a command prints on both of its outputs.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// String is for after the end of the command.
func (t *transcript) String() string { return t.text.String() }

// retry runs a transfer until it succeeds, the pauses are used up or trying again cannot help.
func (r *runner) retry(ctx context.Context, args ...string) error {
	for try := 0; ; try++ {
		_, err := r.git(ctx, args...)
		if err == nil || ctx.Err() != nil || errors.Is(err, errRefused) || try >= len(r.backoff) ||
			(errors.Is(err, errNoSuchObject) && try >= lagRetries) {
			return err
		}
		r.logf("  trying again in %s", r.backoff[try])
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(r.backoff[try]):
		}
	}
}

// errRefused is a transfer that no repetition mends.
var errRefused = errors.New("the remote refused")

// classify reads git's messages, the only place where it tells why a transfer failed; LC_ALL=C keeps them stable.
func classify(err error, output string) error {
	for _, text := range []string{"not our ref", "couldn't find remote ref", "unadvertised object",
		"did not receive expected object", "no such remote ref"} {
		if strings.Contains(output, text) {
			return fmt.Errorf("%w (%w)", errNoSuchObject, err)
		}
	}
	for _, text := range []string{"Authentication failed", "could not read Username", "could not read Password",
		"Permission denied", "Host key verification failed", "transport '"} {
		if strings.Contains(output, text) {
			return fmt.Errorf("%w (%w)", errRefused, err)
		}
	}
	return err
}

func (r *runner) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(r.stdout, format+"\n", args...) // a log that cannot be written must not fail the clone
}

func (r *runner) logEnd(record Record, err error) {
	if err != nil {
		r.logf("# failed after %s: %s", record.Duration.Round(time.Millisecond), r.remote.redact(err.Error()))
		return
	}
	r.logf("# at %s after %s", record.FinalSHA, record.Duration.Round(time.Millisecond))
}

func outcome(message string) string {
	if message == "" {
		return "ok"
	}
	return message
}

// quote makes a command line that reads back unambiguously.
func quote(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if a == "" || strings.ContainsAny(a, " \t\n'\"$`\\*?[]{}()<>|&;#!") {
			out[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return out
}

func tail(s string) string {
	if len(s) > maxOutput {
		return "[...]" + s[len(s)-maxOutput:]
	}
	return s
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		return s[i+1:]
	}
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
