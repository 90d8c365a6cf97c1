package lock_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/lock"
)

func TestALockIsHeldByOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock.Take(t.Context(), file, func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	waited := false
	if _, err := lock.Take(ctx, file, func() { waited = true }); !errors.Is(err, context.DeadlineExceeded) || !waited {
		t.Errorf("second lock: error %v, told to wait %v", err, waited)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = lock.Take(t.Context(), file, func() { t.Error("waited for a released lock") })
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
