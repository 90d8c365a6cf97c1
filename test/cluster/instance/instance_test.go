package instance_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// create begins an instance in a folder with a short path, as sockets need one.
func create(t *testing.T) *instance.Instance {
	t.Helper()
	dir, err := os.MkdirTemp("", "pharos") //nolint:usetesting // the test's own folder has too long a path for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a leftover in the temporary folder harms nobody
	in, err := instance.Create(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestAnInstanceRemembersItsPortsAndSecrets(t *testing.T) {
	in := create(t)
	port, err := in.Port("a")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := in.Secret("s", instance.RandomSecret)
	if err != nil {
		t.Fatal(err)
	}
	again, err := instance.Create(in.Root)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Port("a"); err != nil || got != port {
		t.Errorf("port = %d (%v), want %d", got, err, port)
	}
	if got := again.KnownSecret("s"); got != secret {
		t.Errorf("secret = %q, want %q", got, secret)
	}
	if again.ID() != in.ID() {
		t.Error("the id changed")
	}
}

func TestPortsAreFreeAndDistinct(t *testing.T) {
	in := create(t)
	seen := map[int]bool{}
	for i := range 20 {
		p, err := in.Port(strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		if seen[p] {
			t.Fatalf("port %d was given twice", p)
		}
		seen[p] = true
	}
}

func TestATakenPortIsPassedOver(t *testing.T) {
	in := create(t)
	first, err := in.Port("first")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // ends with the test
	second, err := in.Port("second")
	if err != nil {
		t.Fatal(err)
	}
	if second == first || second == first+1 {
		t.Errorf("second port = %d, which is taken", second)
	}
}

func TestWorkIsDoneOnceItSucceeded(t *testing.T) {
	in := create(t)
	runs := 0
	for _, result := range []error{errors.New("broken"), nil, nil} {
		_ = in.Once("work", func() error { runs++; return result }) // the first error is part of the case
	}
	if runs != 2 {
		t.Errorf("work ran %d times, want 2", runs)
	}
}

func TestUnfitRootsAreRefused(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, root := range map[string]string{
		"a folder with other files is left alone":      foreign,
		"a path too long for sockets is refused early": "/tmp/" + strings.Repeat("x", 100),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := instance.Create(root); err == nil {
				t.Error("root was accepted")
			}
		})
	}
	if _, err := instance.Open(foreign); !errors.Is(err, state.ErrNone) {
		t.Errorf("Open of a folder without an instance = %v, want ErrNone", err)
	}
}
