package spool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// DefaultLimit is how many bytes of text all streams together may have on local disk: 4 GiB.
const DefaultLimit = 4 << 30

// spoolSuffix ends the names of the files in the spool's folder; other files there are left alone.
const spoolSuffix = ".spool"

// Disk is the spool's folder and the room in it. What is there is of use to this process only.
type Disk struct {
	limit int64

	mu      sync.Mutex
	dir     string // empty until the first file
	wanted  string // the folder that was asked for; empty for a temporary one
	used    int64
	spools  map[*Spool]struct{}
	waiting int           // streams that want room
	short   bool          // the last write failed
	freed   chan struct{} // closed when there is more room
}

// NewDisk does no I/O: the folder is made and emptied for the first file. An empty dir is a temporary folder, and a limit
// of 0 is DefaultLimit.
func NewDisk(dir string, limit int64) *Disk {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Disk{limit: limit, wanted: dir, spools: make(map[*Spool]struct{}), freed: make(chan struct{})}
}

// create makes a file. The first one makes the folder and removes what an earlier process left in it.
func (d *Disk) create() (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dir == "" {
		if err := d.prepare(); err != nil {
			return nil, fmt.Errorf("prepare spool: %w", err)
		}
	}
	name := filepath.Join(d.dir, rand.Text()+spoolSuffix)
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrNotExist) { // somebody removed the folder
		if err = os.MkdirAll(d.dir, 0o700); err == nil {
			file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		}
	}
	return file, err
}

func (d *Disk) prepare() error {
	if d.wanted == "" {
		dir, err := os.MkdirTemp("", "pharos-spool-")
		d.dir = dir
		return err
	}
	if err := os.MkdirAll(d.wanted, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(d.wanted)
	if err != nil {
		return err
	}
	for _, file := range files {
		if strings.HasSuffix(file.Name(), spoolSuffix) {
			err = errors.Join(err, os.Remove(filepath.Join(d.wanted, file.Name())))
		}
	}
	if err == nil {
		d.dir = d.wanted
	}
	return err
}

// Close removes a temporary folder.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted != "" || d.dir == "" {
		return nil
	}
	return os.RemoveAll(d.dir)
}

func (d *Disk) join(s *Spool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spools[s] = struct{}{}
}

func (d *Disk) leave(s *Spool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.spools, s)
}

// use counts n more bytes on disk, or fewer.
func (d *Disk) use(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used += n
	metricSpoolBytes.Add(float64(n))
	if n < 0 {
		d.wake()
	}
}

func (d *Disk) wake() {
	close(d.freed)
	d.freed = make(chan struct{})
}

// wrote notes whether the folder takes writes: while it does not, text has to leave it as if it were full.
func (d *Disk) wrote(err error) {
	d.mu.Lock()
	d.short = err != nil
	d.mu.Unlock()
	if err != nil {
		d.press()
	}
}

// wait returns when a stream that holds so many bytes may hold more: as many as are free. So one stream alone gets half
// of the disk, and many that are fast leave as much as they have to the next. Full is told when it begins and ends to wait.
func (d *Disk) wait(ctx context.Context, held func() int64, full func(bool)) error {
	for waited := false; ; waited = true {
		n := held()
		d.mu.Lock()
		if waited {
			d.waiting--
		}
		if n < d.limit-d.used {
			d.mu.Unlock()
			if waited {
				full(false)
			}
			return nil
		}
		d.waiting++
		freed := d.freed
		d.mu.Unlock()
		if !waited {
			full(true)
		}
		d.press()
		select {
		case <-freed:
		case <-ctx.Done():
			d.mu.Lock()
			d.waiting--
			d.mu.Unlock()
			full(false)
			return ctx.Err()
		}
	}
}

// press has the streams that hold most bring it into the store.
func (d *Disk) press() {
	d.mu.Lock()
	spools := make([]*Spool, 0, len(d.spools))
	for s := range d.spools {
		spools = append(spools, s)
	}
	d.mu.Unlock()
	for _, s := range spools {
		s.kick()
	}
}

// pressed says whether a stream that holds so many bytes is to make room, although it has little for a segment.
func (d *Disk) pressed(held int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return (d.waiting > 0 || d.short) && held > 0 && held >= d.used/int64(max(len(d.spools), 1))
}
