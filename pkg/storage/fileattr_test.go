package storage

import (
	"errors"
	"os"
	"testing"
)

func TestFileSystemsWithoutAttributesKeepAllButEncodings(t *testing.T) {
	f, err := os.OpenFile("/proc/self/comm", os.O_RDWR, 0) // the kernel's own file system has none
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := (attributes{typeAttribute: "text/plain", uploadAttribute: "x"}).set(f); err != nil {
		t.Errorf("a type alone: %v", err)
	}
	if err := (attributes{encodingAttribute: "gzip"}).set(f); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an encoding: %v, want ErrUnsupported", err)
	}
	if value, err := attribute(f, encodingAttribute); value != "" || err != nil {
		t.Errorf("read %q, %v", value, err)
	}
}
