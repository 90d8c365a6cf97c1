package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Watcher holds the current configuration and loads it again when its files change. A configuration that does not load
// changes nothing but [Watcher.LastError]. It is a Runnable of a controller-runtime manager, on every replica.
type Watcher struct {
	paths   Paths
	current atomic.Pointer[Config]
	failure atomic.Pointer[error]
	tried   string // hash of the files that were built last, well or badly; "" if they could not even be read
	looked  string // what stat said then

	mu       sync.Mutex
	onChange []func(*Config)

	// Quiet is how long files must be left alone before they are read, so that half a change is not loaded; Poll is how often
	// they are looked at without a notification, for file systems that send none. Both may be set before Start.
	Quiet, Poll time.Duration
}

// NewWatcher loads the configuration for the first time; its error is that of [Load].
func NewWatcher(paths Paths) (*Watcher, error) {
	registerMetrics()
	looked := paths.stat() // before reading: a change in between then shows
	c, err := Load(paths)
	if err != nil {
		return nil, err
	}
	w := &Watcher{paths: paths, tried: c.Revision, looked: looked, Quiet: 200 * time.Millisecond, Poll: 30 * time.Second}
	w.current.Store(c)
	lastSuccess.SetToCurrentTime()
	return w, nil
}

// Current is the last configuration that loaded; never nil.
func (w *Watcher) Current() *Config { return w.current.Load() }

// LastError is why the files as they are now are not in use; nil when they are.
func (w *Watcher) LastError() error {
	if err := w.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// OnChange has f called with every further configuration, after it became current, one call at a time.
func (w *Watcher) OnChange(f func(*Config)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onChange = append(w.onChange, f)
}

// NeedLeaderElection is false: every replica needs the configuration.
func (w *Watcher) NeedLeaderElection() bool { return false }

// Start watches until ctx ends.
func (w *Watcher) Start(ctx context.Context) error {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch configuration files: %w", err)
	}
	defer notify.Close()
	w.announce(ctx, w.Current())
	w.watch(ctx, notify)
	w.reload(ctx) // what changed between NewWatcher and the first watch

	poll := time.NewTicker(w.Poll)
	defer poll.Stop()
	quiet := time.NewTimer(w.Quiet)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-notify.Events: // what happened does not matter: the content decides
			quiet.Reset(w.Quiet)
		case err := <-notify.Errors:
			log.FromContext(ctx).V(1).Info("file notifications were lost, reading the files instead", "reason", err.Error())
			quiet.Reset(w.Quiet)
		case <-quiet.C:
			w.watch(ctx, notify)
			w.reload(ctx)
		case <-poll.C:
			if w.paths.stat() != w.looked {
				w.watch(ctx, notify)
				w.reload(ctx)
			}
		}
	}
}

// watch adds every folder that holds a file of the configuration, or leads to one by a link. Folders that are watched
// already stay; those that vanished drop out by themselves.
func (w *Watcher) watch(ctx context.Context, notify *fsnotify.Watcher) {
	for folder := range w.paths.folders() {
		if err := notify.Add(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.FromContext(ctx).V(1).Info("a folder is not watched, only polled", "folder", folder, "reason", err.Error())
		}
	}
}

// reload reads the files and loads them, unless their content is that of the last try.
func (w *Watcher) reload(ctx context.Context) {
	w.looked = w.paths.stat()
	files, err := w.paths.read()
	if err != nil {
		w.tried = ""
		w.refuse(ctx, err)
		return
	}
	hash := files.hash()
	if hash == w.tried {
		return
	}
	w.tried = hash
	c, err := build(w.paths, files)
	if err != nil {
		w.refuse(ctx, err)
		return
	}
	w.current.Store(c)
	w.failure.Store(nil)
	reloads.WithLabelValues("success").Inc()
	lastSuccess.SetToCurrentTime()
	w.announce(ctx, c)
	for _, f := range w.listeners() {
		f(c)
	}
}

// announce says what is now in use, and what is doubtful about it.
func (w *Watcher) announce(ctx context.Context, c *Config) {
	l := log.FromContext(ctx)
	l.Info("configuration loaded", "revision", c.Revision, "warnings", len(c.Warnings))
	warnings.Set(float64(len(c.Warnings)))
	for _, f := range c.Warnings {
		l.Info("configuration warning", "at", fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), "what", f.Message, "remedy", f.Remedy)
	}
}

// refuse keeps the old configuration, and says why once.
func (w *Watcher) refuse(ctx context.Context, err error) {
	if last := w.LastError(); last != nil && last.Error() == err.Error() {
		return
	}
	w.failure.Store(&err)
	reloads.WithLabelValues("failure").Inc()
	log.FromContext(ctx).Error(err, "the changed configuration is not usable; the old one stays in use")
}

func (w *Watcher) listeners() []func(*Config) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.onChange[:len(w.onChange):len(w.onChange)]
}
