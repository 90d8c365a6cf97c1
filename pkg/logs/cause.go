package logs

import "errors"

// Cause is the innermost of wrapped errors. It has no request ids, which would make every message another.
func Cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
