package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// PartCopier is an Upload that takes an object of its store as a part, without its bytes passing through here. A server that
// cannot is errors.ErrUnsupported, an absent object ErrNotExist.
type PartCopier interface {
	CopyPart(ctx context.Context, number int, from string) error
}

var (
	_ PartCopier = (*fileUpload)(nil)
	_ PartCopier = (*s3Upload)(nil)
)

// CopyPart makes the object from, of at most 5 GiB, a part of the upload. Where the server cannot copy, the part is read and
// put, which holds it in memory.
func CopyPart(ctx context.Context, store Store, u Upload, number int, from string) error {
	if c, ok := u.(PartCopier); ok {
		if err := c.CopyPart(ctx, number, from); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	object, err := store.Get(ctx, from, Range{})
	if err != nil {
		return err
	}
	part := make([]byte, object.Size)
	_, err = io.ReadFull(object.Body, part)
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	return u.Put(ctx, number, part)
}

// CopyPart gives the object's file a second name, as Copy does.
func (u *fileUpload) CopyPart(ctx context.Context, number int, from string) error {
	temp := path.Join(u.folder(), rand.Text())
	err := errors.Join(checkPart(number), u.store.check(from), ctx.Err())
	if err == nil {
		err = u.store.duplicate(ctx, from, temp)
	}
	if err == nil {
		err = u.store.root.Rename(temp, path.Join(u.folder(), strconv.Itoa(number)))
	}
	if err == nil {
		err = u.store.syncDir(u.folder())
	}
	// Renaming to another name of the same file leaves both names.
	if err = errors.Join(err, ignoreAbsent(u.store.root.Remove(temp))); err != nil {
		return fmt.Errorf("copy %s to part %d of %s: %w", from, number, u.Key, err)
	}
	return nil
}

// CopyPart asks the server to copy.
func (u *s3Upload) CopyPart(ctx context.Context, number int, from string) error {
	if err := errors.Join(checkPart(number), CheckKey(from)); err != nil {
		return fmt.Errorf("copy to part %d of %s: %w", number, u.key, err)
	}
	_, err := u.copyPart(ctx, &s3.UploadPartCopyInput{PartNumber: aws.Int32(int32(number)), CopySource: u.store.source(from)})
	if errorCode(err) == "NotImplemented" {
		err = fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	if err != nil {
		return fmt.Errorf("copy %s to part %d of %s: %w", from, number, u.key, err)
	}
	return nil
}
