package state_test

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/test/cluster/state"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := state.Cluster{
		Root: t.TempDir(), APIServer: "https://127.0.0.1:1",
		S3:    &state.S3{Endpoint: "http://127.0.0.1:2", Region: "us-east-1"},
		Parts: map[string]state.Part{"etcd": {PID: 7, Running: true, Log: "x"}},
	}
	for range 2 { // the second time over an existing file
		if err := state.Write(want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := state.Read(want.Root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	files, err := os.ReadDir(want.Root)
	if err != nil || len(files) != 1 {
		t.Errorf("root holds %v (%v), want the state file alone", files, err)
	}
}

func TestMissingStateIsNone(t *testing.T) {
	if _, err := state.Read(t.TempDir()); !errors.Is(err, state.ErrNone) {
		t.Errorf("error = %v, want ErrNone", err)
	}
}
