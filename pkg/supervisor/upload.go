package supervisor

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/censor"
)

const (
	// uploads run at the same time, as in Prow; each holds a few buffers, never a file.
	uploads = 4
	// maxFailures are told; beyond it something is wrong with all of them.
	maxFailures = 10
	// maxAnswer is what is read of a refusal.
	maxAnswer = 512
	// headerTime bounds the wait for an answer once a file has been sent: the store behind Pharos may be slow.
	headerTime = 2 * time.Minute
)

// backoff is the pauses between the tries of one file.
var backoff = []time.Duration{time.Second, 3 * time.Second, 10 * time.Second}

// errRefused is an answer that trying again does not change; errFull says so of every file.
var (
	errRefused = errors.New("refused")
	errFull    = errors.New("no more files are taken")
)

// uploader sends files to the address of an order.
type uploader struct {
	Upload
	secrets *censor.Secrets
	client  *http.Client
}

// newUploader makes one that goes to Pharos directly: a proxy in the user's environment is meant for the world outside.
func newUploader(u Upload, s *censor.Secrets) *uploader {
	transport := &http.Transport{ResponseHeaderTimeout: headerTime, MaxIdleConnsPerHost: uploads}
	return &uploader{Upload: u, secrets: s, client: &http.Client{Transport: transport}}
}

// SendFile sends one file, called name, to the run's own folder instead of its artifacts.
func SendFile(ctx context.Context, u Upload, name, file string) error {
	up := newUploader(u, nil)
	_, err := up.file(ctx, up.address(name), file)
	return err
}

// total counts what arrived.
type total struct {
	files int
	bytes int64
}

// folder sends every file below dir. The error joins what did not arrive.
func (u *uploader) folder(ctx context.Context, dir string) (total, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu       sync.Mutex
		sum      total
		failures []error
		missed   int
		workers  sync.WaitGroup
		names    = make(chan string)
	)
	for range uploads {
		workers.Go(func() {
			for name := range names {
				n, err := u.file(ctx, u.address("artifacts", name), filepath.Join(dir, name))
				mu.Lock()
				if err == nil {
					sum.files, sum.bytes = sum.files+1, sum.bytes+n
				} else if missed++; missed <= maxFailures {
					failures = append(failures, fmt.Errorf("%s: %w", name, err))
				}
				mu.Unlock()
				if errors.Is(err, errFull) {
					cancel(err)
				}
			}
		})
	}
	err := walk(ctx, dir, names)
	close(names)
	workers.Wait()
	if missed > maxFailures {
		failures = append(failures, fmt.Errorf("and %d files more", missed-maxFailures))
	}
	return sum, errors.Join(append(failures, err)...)
}

// walk gives the regular files below dir, links to such files included, by their relative names.
func walk(ctx context.Context, dir string, names chan<- string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		if !regular(file) {
			return nil
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		select {
		case names <- name:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// regular is false for sockets, pipes and links to nowhere.
func regular(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

func (u *uploader) address(parts ...string) string {
	p := strings.TrimRight(u.URL, "/") + "/v1"
	for _, part := range parts {
		for segment := range strings.SplitSeq(filepath.ToSlash(part), "/") {
			p += "/" + url.PathEscape(segment)
		}
	}
	return p
}

// file sends one file until it arrives or trying again cannot help.
func (u *uploader) file(ctx context.Context, address, file string) (int64, error) {
	for try := 0; ; try++ {
		n, err := u.put(ctx, address, file)
		if err == nil || errors.Is(err, errRefused) || try >= len(backoff) {
			return n, err
		}
		select {
		case <-time.After(backoff[try]):
		case <-ctx.Done():
			return 0, errors.Join(err, context.Cause(ctx))
		}
	}
}

func (u *uploader) put(ctx context.Context, address, file string) (int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	// A file that is still being written is sent as long as it is now.
	body := u.secrets.Reader(io.LimitReader(f, info.Size()))
	size, encoding := info.Size(), ""
	if u.compresses(file) {
		packed := compressed(body)
		defer packed.Close()
		body, size, encoding = packed, -1, "gzip"
	}
	if size == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, address, body)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", u.mediaType(file))
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	token, err := os.ReadFile(u.TokenFile)
	if err != nil {
		return 0, fmt.Errorf("%w: read the token: %w", errRefused, err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return info.Size(), u.send(req)
}

func (u *uploader) send(req *http.Request) error {
	resp, err := u.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // a cut answer is still one
	err = fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(text)))
	switch {
	case resp.StatusCode == http.StatusInsufficientStorage:
		return fmt.Errorf("%w: %w: %w", errRefused, errFull, err)
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout:
		return err
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}

func extension(file string) string { return strings.TrimPrefix(path.Ext(filepath.ToSlash(file)), ".") }

func (u *uploader) compresses(file string) bool {
	return slices.Contains(u.Compress, "*") || slices.ContainsFunc(u.Compress, func(e string) bool {
		return e != "" && strings.TrimPrefix(e, ".") == extension(file)
	})
}

// texts are what browsers should show, where images know no types.
var texts = map[string]bool{"txt": true, "log": true, "out": true, "err": true}

func (u *uploader) mediaType(file string) string {
	e := extension(file)
	own := u.MediaTypes[e]
	if own == "" && texts[e] {
		own = "text/plain; charset=utf-8"
	}
	return cmp.Or(own, mime.TypeByExtension("."+e), "application/octet-stream")
}

// compressed packs what it reads; closing it early ends the work.
func compressed(body io.Reader) io.ReadCloser {
	read, write := io.Pipe()
	go func() {
		z := gzip.NewWriter(write)
		_, err := io.Copy(z, body)
		_ = write.CloseWithError(errors.Join(err, z.Close())) // it never answers anything but nil
	}()
	return read
}
