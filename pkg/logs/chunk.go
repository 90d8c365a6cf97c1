package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// headerSize is the fixed room for a chunk's header, so that a chunk is written from the buffer that its text is in.
const headerSize = 512

// header stands before the text of a chunk, as one line of JSON padded with spaces.
type header struct {
	// Offset of the chunk's first byte in the step's log.
	Offset int64 `json:"offset"`
	// Cursor behind the chunk's last byte.
	Cursor Cursor `json:"cursor"`
}

// encode fills buf, of headerSize bytes.
func (h header) encode(buf []byte) error {
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode chunk header: %w", err)
	}
	if len(text) >= headerSize {
		return fmt.Errorf("encode chunk header: %d bytes", len(text))
	}
	n := copy(buf, text)
	for i := n; i < headerSize; i++ {
		buf[i] = ' '
	}
	buf[headerSize-1] = '\n'
	return nil
}

func decodeHeader(r io.Reader) (header, error) {
	buf := make([]byte, headerSize)
	var h header
	if _, err := io.ReadFull(r, buf); err != nil {
		return h, fmt.Errorf("read chunk header: %w", err)
	}
	if err := json.Unmarshal(bytes.TrimRight(buf, " \n"), &h); err != nil {
		return h, fmt.Errorf("decode chunk header: %w", err)
	}
	if h.Offset < 0 || h.Cursor.Bytes < h.Offset {
		return h, fmt.Errorf("decode chunk header: offset %d, end %d", h.Offset, h.Cursor.Bytes)
	}
	return h, nil
}

// chunkKey orders chunks by their offset. The writer keeps a process that lost its lease from overwriting a chunk of
// its successor: two chunks may overlap, and hold the same text where they do.
func chunkKey(folder string, offset int64, writer string) string {
	return fmt.Sprintf("%s%012d-%s", folder, offset, writer)
}

// chunkOffset is -1 for a key that is no chunk.
func chunkOffset(key string) int64 {
	digits, _, ok := strings.Cut(path.Base(key), "-")
	offset, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return -1
	}
	return offset
}

// lastCursor returns where the chunks of a container end, and false when there are none.
func lastCursor(ctx context.Context, store storage.Store, folder string) (Cursor, bool, error) {
	var last []string // the chunks with the highest offset
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return Cursor{}, false, err
		}
		switch offset := chunkOffset(entry.Key); {
		case offset < 0:
		case len(last) > 0 && chunkOffset(last[0]) == offset:
			last = append(last, entry.Key)
		default:
			last = []string{entry.Key}
		}
	}
	var best Cursor
	for _, key := range last {
		object, err := store.Get(ctx, key, storage.Range{Length: headerSize})
		if err != nil {
			return Cursor{}, false, err
		}
		h, err := decodeHeader(object.Body)
		if err = errors.Join(err, object.Body.Close()); err != nil {
			return Cursor{}, false, fmt.Errorf("read %s: %w", key, err)
		}
		if h.Cursor.Bytes >= best.Bytes {
			best = h.Cursor
		}
	}
	return best, len(last) > 0, nil
}

// errGap is returned by copyChunks when text is missing between two chunks.
var errGap = errors.New("chunk is missing")

// copyChunks writes the text of a container's chunks up to offset end and returns how much it wrote. It holds no more
// than the names of one listing page and a copy buffer.
func copyChunks(ctx context.Context, store storage.Store, folder string, end int64, w io.Writer) (int64, error) {
	var pos int64
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return pos, err
		}
		offset := chunkOffset(entry.Key)
		if offset < 0 || offset+entry.Size-headerSize <= pos {
			continue
		}
		if offset > pos {
			return pos, fmt.Errorf("%w before %s: have %d bytes", errGap, entry.Key, pos)
		}
		n, err := copyChunk(ctx, store, entry.Key, pos-offset, end-pos, w)
		pos += n
		if err != nil {
			return pos, err
		}
	}
	if pos < end {
		return pos, fmt.Errorf("%w at the end: have %d of %d bytes", errGap, pos, end)
	}
	return pos, nil
}

func copyChunk(ctx context.Context, store storage.Store, key string, skip, limit int64, w io.Writer) (int64, error) {
	object, err := store.Get(ctx, key, storage.Range{Offset: headerSize + skip})
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, io.LimitReader(object.Body, limit))
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return n, fmt.Errorf("copy %s: %w", key, err)
	}
	return n, nil
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

// textOptions are those of every log.
var textOptions = storage.PutOptions{ContentType: "text/plain; charset=utf-8"}

// jsonOptions are those of every record.
var jsonOptions = storage.PutOptions{ContentType: "application/json"}

// deleteAll removes every object below a folder.
func deleteAll(ctx context.Context, store storage.Store, folder string) error {
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return err
		}
		if err := store.Delete(ctx, entry.Key); err != nil {
			return err
		}
	}
	return nil
}
