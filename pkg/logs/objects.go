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
	TextType = "text/plain; charset=utf-8"
	JSONType = "application/json"
)

// LogOptions are those of a log in its stored form.
func LogOptions(compressed bool) storage.PutOptions {
	opts := storage.PutOptions{ContentType: TextType}
	if compressed {
		opts.ContentEncoding = "gzip"
	}
	return opts
}

// PutJSON stores a record, indented for people.
func PutJSON(ctx context.Context, store storage.Store, key string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return store.Put(ctx, key, bytes.NewReader(append(text, '\n')), storage.PutOptions{ContentType: JSONType})
}
