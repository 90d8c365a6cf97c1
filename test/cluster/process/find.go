package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// WithEnv finds the live processes whose environment holds exactly this NAME=VALUE entry: the ones started with it and what they
// started in turn. Processes that end while it looks are left out.
func WithEnv(entry string) ([]ID, error) {
	return find(func(dir string) bool {
		return contains(dir+"/environ", entry)
	})
}

// WithArg finds the live processes that have exactly this command line argument.
func WithArg(arg string) ([]ID, error) {
	return find(func(dir string) bool {
		return contains(dir+"/cmdline", arg)
	})
}

func contains(file, entry string) bool {
	data, err := os.ReadFile(file)
	if err != nil {
		return false // gone, or another user's
	}
	for e := range bytes.SplitSeq(data, []byte{0}) {
		if string(e) == entry {
			return true
		}
	}
	return false
}

func find(match func(dir string) bool) ([]ID, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var ids []ID
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		id, err := Identify(pid)
		if err != nil || !match("/proc/"+e.Name()) || !id.Alive() {
			continue
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Tail returns the last lines of a log, for error messages.
func Tail(path string, lines int) string {
	const enough = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // only read
	size, err := f.Seek(0, 2)
	if err != nil {
		return ""
	}
	buf := make([]byte, min(size, enough))
	n, err := f.ReadAt(buf, size-int64(len(buf)))
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(buf[:n]), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
