// Package instance keeps what one cluster remembers between commands: its ports, its secrets and its processes.
//
// Everything lies under one root folder, so several clusters can run side by side. Nothing outside the root is written, and only
// processes recorded here are signalled.
package instance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/lock"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

const recordFile = "instance.json"

// maxRoot keeps the longest socket path under the root within what a UNIX socket address can hold (107 bytes).
const maxRoot = 64

// EnvMark is the environment variable that marks every process of an instance with the instance's id.
const EnvMark = "PHAROS_CLUSTER_INSTANCE"

type record struct {
	ID        string                `json:"id"`
	Ports     map[string]int        `json:"ports"`
	Secrets   map[string]string     `json:"secrets"`
	Processes map[string]process.ID `json:"processes"`
	Done      map[string]bool       `json:"done"`
}

// Instance is one cluster's memory. It is safe for concurrent use within one command; Lock keeps other commands out.
type Instance struct {
	Root string

	mu  sync.Mutex
	rec record
}

// Create opens the instance at root, or begins a new one there.
func Create(root string) (*Instance, error) {
	if len(root) > maxRoot {
		return nil, fmt.Errorf("use root %s: longer than %d characters, too long for sockets inside", root, maxRoot)
	}
	in, err := Open(root)
	if !errors.Is(err, state.ErrNone) {
		return in, err
	}
	if left, err := os.ReadDir(root); err == nil && len(left) > 0 {
		return nil, fmt.Errorf("use root %s: it holds files that are not a cluster's", root)
	}
	// Gitea and its git hooks run as another user and must be able to walk through.
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("create root: %w", err)
	}
	id := make([]byte, 6)
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("draw instance id: %w", err)
	}
	in = &Instance{Root: root, rec: record{
		ID:        hex.EncodeToString(id),
		Ports:     map[string]int{},
		Secrets:   map[string]string{},
		Processes: map[string]process.ID{},
		Done:      map[string]bool{},
	}}
	return in, in.save()
}

// Open loads the instance at root. It returns state.ErrNone when there is none.
func Open(root string) (*Instance, error) {
	data, err := os.ReadFile(filepath.Join(root, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", root, state.ErrNone)
	}
	if err != nil {
		return nil, fmt.Errorf("open instance: %w", err)
	}
	in := &Instance{Root: root, rec: record{Done: map[string]bool{}}}
	if err := json.Unmarshal(data, &in.rec); err != nil {
		return nil, fmt.Errorf("parse %s in %s: %w", recordFile, root, err)
	}
	return in, nil
}

// Lock keeps other commands from changing this instance until the returned function is called. It calls waiting once when another
// command holds the lock.
func (in *Instance) Lock(ctx context.Context, waiting func()) (unlock func() error, err error) {
	unlock, err = lock.Take(ctx, in.Path("lock"), waiting)
	if err != nil {
		return nil, err
	}
	// The other command may have stored ports or processes, or taken the instance down.
	fresh, err := Open(in.Root)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	in.rec = fresh.rec
	return unlock, nil
}

// Path joins names to the root.
func (in *Instance) Path(names ...string) string {
	return filepath.Join(append([]string{in.Root}, names...)...)
}

// ID is random and stays the same until the instance is taken down.
func (in *Instance) ID() string { return in.rec.ID }

// Mark is the environment entry that every process of this instance carries.
func (in *Instance) Mark() string { return EnvMark + "=" + in.rec.ID }

// Secret returns the stored value of name, or stores what draw returns.
func (in *Instance) Secret(name string, draw func() (string, error)) (string, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if v, ok := in.rec.Secrets[name]; ok {
		return v, nil
	}
	v, err := draw()
	if err != nil {
		return "", err
	}
	in.rec.Secrets[name] = v
	return v, in.save()
}

// KnownSecret returns the stored value of name, empty when there is none.
func (in *Instance) KnownSecret(name string) string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.rec.Secrets[name]
}

// Once calls work unless it has succeeded under this name before. Two calls at the same time may both do the work.
func (in *Instance) Once(name string, work func() error) error {
	in.mu.Lock()
	done := in.rec.Done[name]
	in.mu.Unlock()
	if done {
		return nil
	}
	if err := work(); err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.rec.Done[name] = true
	return in.save()
}

// RandomSecret draws a value for Secret.
func RandomSecret() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw secret: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// Process returns the recorded process of a part; the zero ID when it never ran.
func (in *Instance) Process(part string) process.ID {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.rec.Processes[part]
}

// Processes returns all recorded processes by part, running or not.
func (in *Instance) Processes() map[string]process.ID {
	in.mu.Lock()
	defer in.mu.Unlock()
	all := make(map[string]process.ID, len(in.rec.Processes))
	for part, id := range in.rec.Processes {
		all[part] = id
	}
	return all
}

// Log is the path of a part's log.
func (in *Instance) Log(part string) string { return in.Path("log", part+".log") }

// Start runs the part's process and records it, unless it runs already. It reports whether it started one.
func (in *Instance) Start(spec process.Spec) (bool, error) {
	if in.Process(spec.Name).Alive() {
		return false, nil
	}
	spec.Log = in.Log(spec.Name)
	spec.Env = append([]string{in.Mark()}, spec.Env...)
	id, err := process.Start(spec)
	if err != nil {
		return false, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.rec.Processes[spec.Name] = id
	return true, in.save()
}

// Stop ends the part's process if it runs.
func (in *Instance) Stop(ctx context.Context, part string) error {
	const grace = 10 * time.Second
	if err := process.Stop(ctx, in.Process(part), grace); err != nil {
		return fmt.Errorf("stop %s: %w", part, err)
	}
	return nil
}

// save must be called with mu held, or before the instance is shared.
func (in *Instance) save() error {
	data, err := json.MarshalIndent(in.rec, "", "  ")
	if err != nil {
		return fmt.Errorf("encode instance: %w", err)
	}
	return state.Replace(in.Path(recordFile), append(data, '\n'))
}
