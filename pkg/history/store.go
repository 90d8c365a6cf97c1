package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNotExist is returned for a run that is not there, or that the asker may not see.
var ErrNotExist = fs.ErrNotExist

// readers is how many questions are answered at once; more wait.
const readers = 4

// cacheKiB is SQLite's page cache of each connection.
const cacheKiB = 16 << 10

// Store is the index in one file, with 16 bytes of memory for each run. It is safe for concurrent use; a reader does not wait
// for the disk of a writer.
type Store struct {
	write, read *sql.DB

	mu       sync.Mutex // held from the begin of a write until its changes are told
	timeline timeline
	watchers watchers
}

// Open opens the index in file and makes it, and its folder, when needed. A file of another version, or one that is no
// index or damaged, is replaced by an empty one: [Feed] fills it again.
func Open(file string) (*Store, error) {
	file, err := filepath.Abs(file)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	s, err := open(file)
	if errors.Is(err, errOther) || damaged(err) {
		if err = discard(file); err == nil {
			s, err = open(file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open history %s: %w", file, err)
	}
	return s, nil
}

// errOther is the answer to a file of another version.
var errOther = errors.New("another version")

func open(file string) (*Store, error) {
	write, err := connect(file, "rwc")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := prepare(write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := connect(file, "ro")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	s := &Store{write: write, read: read}
	if err := s.timeline.load(context.Background(), read); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens a pool. What is lost by a power failure, at most the last moments, is read again from where it came from.
func connect(file, mode string) (*sql.DB, error) {
	query := url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(10000)", "journal_mode(wal)", "synchronous(normal)", "temp_store(memory)",
			"recursive_triggers(on)", fmt.Sprintf("cache_size(-%d)", cacheKiB),
		},
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: query.Encode()}).String())
}

// prepare makes the schema in an empty file.
func prepare(db *sql.DB) error {
	var found, tables int
	if err := db.QueryRow("PRAGMA user_version").Scan(&found); err != nil {
		return err
	}
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	switch {
	case found == version:
		return nil
	case found != 0 || tables != 0:
		return fmt.Errorf("%w: %d, not %d", errOther, found, version)
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(schema + fmt.Sprintf("PRAGMA user_version = %d;", version)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// damaged says that a file cannot be read as an index.
func damaged(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	code := failure.Code() & 0xff
	return code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT
}

// discard removes an index with its journal.
func discard(file string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close waits for running questions and closes the file and every subscription.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers.close()
	return errors.Join(s.read.Close(), s.write.Close())
}

// Len is the number of runs.
func (s *Store) Len() int {
	s.timeline.mu.RLock()
	defer s.timeline.mu.RUnlock()
	return len(s.timeline.marks)
}
