package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Record is what a process needs to go on behind a segment.
type Record struct {
	// Chain names the segments from the log's beginning up to this one.
	Chain []string `json:"chain"`
	// State is that of the encoder behind the segment, and the index of all text up to there.
	State  []byte      `json:"state"`
	Cursor logs.Cursor `json:"cursor"`
	Lost   string      `json:"lost,omitempty"`
}

// NewRecord tells of a chain; state is that of its encoder.
func NewRecord(chain Chain, state []byte, after logs.Cursor, lost string) Record {
	r := Record{State: state, Cursor: after, Lost: lost}
	for _, s := range chain {
		r.Chain = append(r.Chain, s.Name)
	}
	return r
}

// Encode makes the text of a record's object.
func (r Record) Encode() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return text, nil
}

func loadRecord(ctx context.Context, store storage.Store, key string) (Record, error) {
	var r Record
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
