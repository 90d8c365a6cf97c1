package app

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// blobs keeps the inbox's oversized payloads in the log store.
type blobs struct{ store storage.Store }

// PutBlob implements inbox.Blobs.
func (b blobs) PutBlob(ctx context.Context, key string, data []byte) error {
	return b.store.Put(ctx, key, bytes.NewReader(data), storage.PutOptions{ContentType: "application/gzip"})
}

// GetBlob implements inbox.Blobs.
func (b blobs) GetBlob(ctx context.Context, key string) ([]byte, error) {
	o, err := b.store.Get(ctx, key, storage.Range{})
	if err != nil {
		return nil, err
	}
	defer o.Body.Close()
	data, err := io.ReadAll(o.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return data, nil
}

// DeleteBlob implements inbox.Blobs.
func (b blobs) DeleteBlob(ctx context.Context, key string) error { return b.store.Delete(ctx, key) }
