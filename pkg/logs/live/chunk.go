package live

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// Header stands before the frames of a chunk, as one line of JSON.
type Header struct {
	// Offset and End of the chunk's text in the step's log.
	Offset int64 `json:"offset"`
	End    int64 `json:"end"`
	// Cursor is the position behind the chunk's text.
	Cursor logs.Cursor `json:"cursor"`
	// Lost says why lines before the end may be missing.
	Lost string `json:"lost,omitempty"`
}

// longestHeader bounds what is read of a chunk that is none.
const longestHeader = 16 << 10

// Encode has the line end.
func (h Header) Encode() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode chunk header: %w", err)
	}
	return append(text, '\n'), nil
}

func decodeHeader(r *bufio.Reader) (Header, error) {
	var h Header
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
