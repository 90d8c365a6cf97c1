package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// Types of what is stored.
const (
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json"
)

// logOptions are those of a log in its stored form.
func logOptions(compressed bool) storage.PutOptions {
	opts := storage.PutOptions{ContentType: textType}
	if compressed {
		opts.ContentEncoding = "gzip"
	}
	return opts
}

// putJSON stores a record, indented for people.
func putJSON(ctx context.Context, store storage.Store, key string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return store.Put(ctx, key, bytes.NewReader(append(text, '\n')), storage.PutOptions{ContentType: jsonType})
}
