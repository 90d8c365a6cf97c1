package scm

import (
	"errors"
	"fmt"
	"time"
)

// Errors that drivers answer with, to be tested with errors.Is. Anything else from a driver is a bug or a forge's
// answer that retrying will not mend.
var (
	// ErrSignature: the delivery is not authentic.
	ErrSignature = errors.New("webhook signature does not match")
	// ErrMalformed: the delivery is authentic but cannot be decoded.
	ErrMalformed = errors.New("webhook body is malformed")
	// ErrNotFound: the object does not exist, or the token may not see it.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: the token is not allowed to do this.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: the object changed in between, or already exists.
	ErrConflict = errors.New("conflict")
	// ErrHeadMoved: the pull request's head is no longer the commit that the caller named. It is also ErrConflict.
	ErrHeadMoved = fmt.Errorf("head has moved: %w", ErrConflict)
	// ErrNotMergeable: the forge refuses the merge: conflicts, missing approvals or checks, a draft.
	ErrNotMergeable = errors.New("not mergeable")
	// ErrInvalid: the forge refuses the request as it is.
	ErrInvalid = errors.New("refused as invalid")
	// ErrIncomplete: there is more than the forge tells.
	ErrIncomplete = errors.New("more than the forge tells")
	// ErrTransient: the forge or the way to it is down; the same call may succeed later.
	ErrTransient = errors.New("temporarily unavailable")
	// ErrUnsupported: this forge has no such thing.
	ErrUnsupported = errors.New("not supported by this forge")
)

// RateLimitedError says that the forge refuses calls until a moment. It is also ErrTransient.
type RateLimitedError struct{ Until time.Time }

// Error implements error.
func (e *RateLimitedError) Error() string {
	return fmt.Sprintf("rate limited until %s", e.Until.UTC().Format(time.RFC3339))
}

// Unwrap makes a rate limit a transient error.
func (*RateLimitedError) Unwrap() error { return ErrTransient }
