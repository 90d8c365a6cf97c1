package kubelet

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/pharos-ci/pharos/pkg/logs"
)

const (
	// maxListing bounds what is read of a node's listing of a folder; the kubelet keeps some ten files in it.
	maxListing = 1 << 20
	// longestRecord bounds one record of a file. Container runtimes split lines at 16 KiB by default.
	longestRecord = 1 << 20
	// listTries may find that a file was rotated between listing and opening.
	listTries = 3
)

// Rotated reads the files that a node keeps of a container: /var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log for the
// instance N, and N.log.TIME or N.log.TIME.gz for what the kubelet rotated.
func (s PodSource) Rotated(ctx context.Context, c logs.ContainerRef, node string, since logs.Cursor) (io.ReadCloser, error) {
	if s.Nodes == nil {
		return nil, ErrForbidden
	}
	f := nodeFolder{client: s.Nodes, node: node, path: fmt.Sprintf("logs/pods/%s_%s_%s/%s/", c.Namespace, c.Pod, c.UID, c.Container)}
	ctx, cancel := context.WithCancel(ctx)
	files, newest, err := f.open(ctx, since.Instance)
	if err != nil {
		cancel()
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		defer cancel()
		out := &recordWriter{w: w, newLine: true}
		if since.Second != 0 {
			out.from = time.Unix(since.Second, 0)
		}
		err := f.copy(ctx, files, out)
		if err == nil {
			err = out.copy(newest)
		}
		w.CloseWithError(errors.Join(err, newest.Close()))
	}()
	return closer{r, func() error { cancel(); return r.Close() }}, nil
}

type closer struct {
	io.Reader
	close func() error
}

func (c closer) Close() error { return c.close() }

// nodeFolder is a folder below /var/log of a node, which the kubelet shows to the API server.
type nodeFolder struct {
	client rest.Interface
	node   string
	path   string
}

// open lists the rotated files of an instance, the oldest first, and opens its newest file. It looks again when that was
// rotated meanwhile: nothing may be left out between the two.
func (f nodeFolder) open(ctx context.Context, instance int64) (files []string, newest io.ReadCloser, err error) {
	name := strconv.FormatInt(instance, 10) + ".log"
	files, err = f.list(ctx, name)
	for range listTries {
		if err != nil {
			return nil, nil, err
		}
		before := files
		if newest, err = f.get(ctx, name); err != nil {
			return nil, nil, err
		}
		if files, err = f.list(ctx, name); err == nil && slices.Equal(before, files) {
			return files, newest, nil
		}
		err = errors.Join(err, newest.Close())
	}
	return nil, nil, cmp.Or(err, fmt.Errorf("read %s%s of node %s: it is rotated too fast", f.path, name, f.node))
}

// get opens a file, or the listing for the empty name.
func (f nodeFolder) get(ctx context.Context, name string) (io.ReadCloser, error) {
	// A path of one piece keeps its slash at the end, without which the kubelet redirects to somewhere else.
	body, err := f.client.Get().AbsPath("/api/v1/nodes/" + f.node + "/proxy/" + f.path + name).Stream(ctx)
	if err == nil {
		return body, nil
	}
	err = fmt.Errorf("read %s%s of node %s: %w", f.path, name, f.node, err)
	if apierrors.IsForbidden(err) {
		err = fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return nil, err
}

// link is an entry of a listing, which is a page of HTML.
var link = regexp.MustCompile(`href="([^"]*)"`)

// rotated is the name of a rotated file, packed what it ends with when it is compressed.
var rotated = regexp.MustCompile(`^[0-9]+\.log\.[0-9-]+$`)

const packed = ".gz"

// list names the rotated files of an instance, the oldest first, without the ending of compressed ones.
func (f nodeFolder) list(ctx context.Context, newest string) ([]string, error) {
	body, err := f.get(ctx, "")
	if err != nil {
		return nil, err
	}
	page, err := io.ReadAll(io.LimitReader(body, maxListing))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("list %s of node %s: %w", f.path, f.node, err)
	}
	var files []string
	for _, match := range link.FindAllSubmatch(page, -1) {
		name, _ := strings.CutSuffix(string(match[1]), packed)
		if rotated.MatchString(name) && strings.HasPrefix(name, newest+".") {
			files = append(files, name)
		}
	}
	slices.Sort(files)                // by the time in their names
	return slices.Compact(files), nil // one that is being compressed is there twice
}

// copy writes the records of rotated files.
func (f nodeFolder) copy(ctx context.Context, files []string, w *recordWriter) error {
	for _, name := range files {
		if err := f.copyFile(ctx, name, w); err != nil {
			return err
		}
	}
	return nil
}

// copyFile reads a file as it is, or compressed: it may become that at any time.
func (f nodeFolder) copyFile(ctx context.Context, name string, w *recordWriter) error {
	body, err := f.get(ctx, name)
	if err == nil {
		return errors.Join(w.copy(body), body.Close())
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	if body, err = f.get(ctx, name+packed); err != nil {
		return err
	}
	text, err := gzip.NewReader(body)
	if err == nil {
		err = w.copy(text)
	}
	if err = errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("read %s%s%s of node %s: %w", f.path, name, packed, f.node, err)
	}
	return nil
}

// recordWriter turns the records of a container runtime into what the kubelet makes of them.
type recordWriter struct {
	w       io.Writer
	from    time.Time
	newLine bool
	out     []byte
}

func (w *recordWriter) copy(from io.Reader) error {
	records := bufio.NewScanner(from)
	records.Buffer(make([]byte, lineBuffer), longestRecord)
	records.Split(wholeLines)
	for records.Scan() {
		if err := w.record(records.Bytes()); err != nil {
			return err
		}
	}
	return records.Err()
}

// wholeLines leaves out the rest of a file that is being written to.
func wholeLines(data []byte, _ bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}

// record leaves out what is no record.
func (w *recordWriter) record(line []byte) error {
	r, ok := cutRecord(line)
	if !ok {
		return nil
	}
	newLine := w.newLine
	w.newLine = !r.partial || len(r.text) == 0
	if r.at.Before(w.from) {
		return nil
	}
	w.out = w.out[:0]
	if newLine {
		w.out = append(r.at.AppendFormat(w.out, "2006-01-02T15:04:05.000000000Z07:00"), ' ')
	}
	w.out = append(w.out, r.text...)
	if !r.partial {
		w.out = append(w.out, '\n')
	}
	_, err := w.w.Write(w.out)
	return err
}

// logLine is one record of a file: "TIME STREAM TAGS TEXT", where the first tag is P for a part that the next record goes
// on with, or F.
type logLine struct {
	at      time.Time
	partial bool
	text    []byte
}

func cutRecord(record []byte) (line logLine, ok bool) {
	stamp, rest, _ := bytes.Cut(record, []byte{' '})
	_, rest, _ = bytes.Cut(rest, []byte{' '})
	tags, text, ok := bytes.Cut(rest, []byte{' '})
	if !ok || line.at.UnmarshalText(stamp) != nil {
		return logLine{}, false
	}
	tag, _, _ := bytes.Cut(tags, []byte{':'})
	line.partial, line.text = string(tag) == "P", text
	return line, true
}
