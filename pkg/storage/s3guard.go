package storage

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// conflictCode is a server's word for a conditional write that met another write under way.
const conflictCode = "ConditionalRequestConflict"

// markName is the metadata of an object that says which write made it.
const markName = "pharos-write"

// write is one that may be conditional. Its mark is unique, so that an object can be told to be of it.
type write struct {
	key  string
	opts PutOptions
	mark string
}

func (w write) metadata() map[string]string { return map[string]string{markName: w.mark} }

// conditions are headers of a request; nil ones are not sent.
type conditions struct{ noneMatch, match *string }

func (o PutOptions) conditional() bool { return o.IfAbsent || o.IfMatch != "" }

// guard sends a write under its conditions. They are checked before as well, for servers that ignore the headers; a server
// that refuses the headers as not implemented gets none any more.
func (s *S3Store) guard(ctx context.Context, w write, send func(context.Context, conditions) error) error {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	if !w.opts.conditional() {
		return s.explain(send(ctx, conditions{}))
	}
	if err := s.holds(ctx, w); err != nil {
		return err
	}
	err := send(ctx, s.conditions(w.opts))
	if status, _ := answer(err); status == http.StatusNotImplemented {
		s.unconditional.Store(true)
		err = send(ctx, conditions{})
	}
	if !refused(err, w.opts) {
		return s.explain(err)
	}
	// The first answer may have been lost and the request repeated: then it met its own object.
	if made, headErr := s.made(ctx, w.key, w.mark); made || headErr != nil {
		return headErr
	}
	return fmt.Errorf("%w: %w", w.opts.refusal(), err)
}

func (s *S3Store) conditions(o PutOptions) conditions {
	switch {
	case s.unconditional.Load():
		return conditions{}
	case o.IfAbsent:
		return conditions{noneMatch: aws.String("*")}
	}
	return conditions{match: &o.IfMatch}
}

// refused tells whether the server found the condition not to hold.
func refused(err error, o PutOptions) bool {
	status, _ := answer(err)
	switch status {
	case http.StatusPreconditionFailed:
		return true
	case http.StatusConflict:
		return errorCode(err) == conflictCode // another write kept being under way
	case http.StatusNotFound:
		return o.IfMatch != "" && errorCode(err) == "NoSuchKey"
	}
	return false
}

func (o PutOptions) refusal() error {
	if o.IfAbsent {
		return ErrExists
	}
	return ErrChanged
}

// holds checks the condition of a write.
func (s *S3Store) holds(ctx context.Context, w write) error {
	out, err := s.head(ctx, w.key)
	absent := errors.Is(err, ErrNotExist)
	switch {
	case err != nil && !absent:
		return err
	case w.opts.IfAbsent && absent, w.opts.IfMatch != "" && !absent && quoted(out.ETag) == w.opts.IfMatch:
		return nil
	case absent:
		return fmt.Errorf("%w: it is gone", ErrChanged)
	case out.Metadata[markName] == w.mark:
		return nil
	}
	return fmt.Errorf("%w: its ETag is %s", w.opts.refusal(), quoted(out.ETag))
}

// made tells whether the object is of the write with this mark.
func (s *S3Store) made(ctx context.Context, key, mark string) (bool, error) {
	out, err := s.head(ctx, key)
	if errors.Is(err, ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return out.Metadata[markName] == mark, nil
}
