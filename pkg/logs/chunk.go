package logs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// While a step runs, all of its text that is durable lies below .live/<step>/, for every process to read:
//
//	<offset>-<end>-<writer>.seg   a segment: some MiB of the log in its stored form (package logfile), never changed
//	<offset>-<end>-<writer>.rec   its record: the segments before it, the index up to its end, and the cursor there
//	<offset>-<writer>.txt         a chunk: text behind the last segment with the times of its lines, replaced while it is small
//
// Offsets count bytes of text. A chunk makes text durable within seconds; a segment replaces the chunks that it covers. The
// store itself copies the segments into the parts of the log's final object, which is completed when the step has ended. So
// a byte is sent once by a stream that is fast, and twice by one whose chunks came first, and a live log of any size can be
// read from its beginning, by pages of other processes and by the shipper that takes over. Sending the parts themselves
// would cost the store one copy less, but no server lets anybody read the parts of an upload that is open.
//
// The writer in a name keeps a process that lost its lease from overwriting what its successor wrote. Both wrote the same
// text, cut at other places; a record names the segments that belong together.

// Endings of the names of live objects.
const (
	segmentSuffix = ".seg"
	recordSuffix  = ".rec"
	chunkSuffix   = ".txt"
)

// liveName is the parsed name of a live object; end is 0 for a chunk, whose header says it.
type liveName struct {
	offset, end int64
	writer      string
	suffix      string
}

func (n liveName) String() string {
	if n.suffix == chunkSuffix {
		return fmt.Sprintf("%012d-%s%s", n.offset, n.writer, n.suffix)
	}
	return fmt.Sprintf("%012d-%012d-%s%s", n.offset, n.end, n.writer, n.suffix)
}

func parseLiveName(key string) (liveName, bool) {
	base := path.Base(key)
	name := liveName{suffix: path.Ext(base)}
	fields := strings.Split(strings.TrimSuffix(base, name.suffix), "-")
	var err error
	switch {
	case name.suffix == chunkSuffix && len(fields) == 2:
	case (name.suffix == segmentSuffix || name.suffix == recordSuffix) && len(fields) == 3:
		name.end, err = strconv.ParseInt(fields[1], 10, 64)
	default:
		return name, false
	}
	name.writer = fields[len(fields)-1]
	if err == nil {
		name.offset, err = strconv.ParseInt(fields[0], 10, 64)
	}
	return name, err == nil && name.offset >= 0 && name.String() == base
}

// header stands before the frames of a chunk, as one line of JSON.
type header struct {
	// Offset and End of the chunk's text in the step's log.
	Offset int64 `json:"offset"`
	End    int64 `json:"end"`
	// Cursor is the position behind the chunk's text.
	Cursor Cursor `json:"cursor"`
	// Lost says why lines before the end may be missing.
	Lost string `json:"lost,omitempty"`
}

// longestHeader bounds what is read of a chunk that is none.
const longestHeader = 16 << 10

func (h header) encode() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode chunk header: %w", err)
	}
	return append(text, '\n'), nil
}

func decodeHeader(r *bufio.Reader) (header, error) {
	var h header
	line, err := r.ReadSlice('\n')
	if err != nil {
		return h, fmt.Errorf("read chunk header: %w", err)
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, fmt.Errorf("decode chunk header: %w", err)
	}
	if h.Offset < 0 || h.End < h.Offset {
		return h, fmt.Errorf("decode chunk header: offset %d, end %d", h.Offset, h.End)
	}
	return h, nil
}

// Frames are how text is spooled and chunks are stored: the time in Unix nanoseconds and the length, big-endian in 8 and 4
// bytes, and text whose lines began then, within 100 ms.
const frameHeader = 12

// longestFrame bounds the memory for a damaged one.
const longestFrame = 16 << 20

func appendFrame(dst []byte, stamp int64, n int) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(stamp))
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// frames reads what appendFrame wrote.
type frames struct {
	r   *bufio.Reader
	buf []byte
}

// next returns text that is valid until the next call; io.EOF after the last frame.
func (f *frames) next() (text []byte, stamp int64, err error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, 0, err
	}
	stamp = int64(binary.BigEndian.Uint64(head[:8]))
	n := int(binary.BigEndian.Uint32(head[8:]))
	if n > longestFrame {
		return nil, 0, fmt.Errorf("frame of %d bytes", n)
	}
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	if _, err := io.ReadFull(f.r, f.buf[:n]); err != nil {
		return nil, 0, fmt.Errorf("read frame: %w", noEOF(err))
	}
	return f.buf[:n], stamp, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// liveRecord is what a process needs to go on behind a segment.
type liveRecord struct {
	// Chain names the segments from the log's beginning up to this one.
	Chain []string `json:"chain"`
	// State is that of the encoder behind the segment, and the index of all text up to there.
	State  []byte `json:"state"`
	Cursor Cursor `json:"cursor"`
	Lost   string `json:"lost,omitempty"`
}

func loadRecord(ctx context.Context, store storage.Store, key string) (liveRecord, error) {
	var r liveRecord
	object, err := store.Get(ctx, key, storage.Range{})
	if err != nil {
		return r, err
	}
	err = json.NewDecoder(object.Body).Decode(&r)
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return r, fmt.Errorf("read %s: %w", key, err)
	}
	return r, nil
}

// putStream stores what write produces. It is Put turned inside out: write runs beside it and ends with it.
func putStream(ctx context.Context, store storage.Store, key string, opts storage.PutOptions, write func(context.Context, io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(write(ctx, w)) // nil is EOF
	}()
	err := store.Put(ctx, key, r, opts)
	cancel()
	err = errors.Join(err, r.Close())
	<-done
	return err
}

func putBytes(ctx context.Context, store storage.Store, key string, text []byte, opts storage.PutOptions) error {
	return store.Put(ctx, key, bytes.NewReader(text), opts)
}

// Options of what is stored: logs, records, and what only this package reads.
var (
	textOptions = storage.PutOptions{ContentType: "text/plain; charset=utf-8"}
	jsonOptions = storage.PutOptions{ContentType: "application/json"}
	liveOptions = storage.PutOptions{ContentType: "application/octet-stream"}
)

// logOptions are those of a log in its stored form.
func logOptions(compressed bool) storage.PutOptions {
	opts := textOptions
	if compressed {
		opts.ContentEncoding = "gzip"
	}
	return opts
}

// deletesAtOnce are the objects of one folder that are deleted side by side.
const deletesAtOnce = 8

// deleteAll removes every object below a folder.
func deleteAll(ctx context.Context, store storage.Store, folder string) error {
	group, deleting := errgroup.WithContext(ctx)
	group.SetLimit(deletesAtOnce)
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error { return store.Delete(deleting, entry.Key) })
	}
	return group.Wait()
}
