package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// liveRecord is what a process needs to go on behind a segment.
type liveRecord struct {
	// Chain names the segments from the log's beginning up to this one.
	Chain []string `json:"chain"`
	// State is that of the encoder behind the segment, and the index of all text up to there.
	State  []byte `json:"state"`
	Cursor Cursor `json:"cursor"`
	Lost   string `json:"lost,omitempty"`
}

// newRecord tells of a chain whose index is state.
func newRecord(chain liveChain, state []byte, after Cursor, lost string) liveRecord {
	r := liveRecord{State: state, Cursor: after, Lost: lost}
	for _, s := range chain {
		r.Chain = append(r.Chain, s.name)
	}
	return r
}

func (r liveRecord) encode() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return text, nil
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
