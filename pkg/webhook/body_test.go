package webhook

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestBodiesShareOneBudget(t *testing.T) {
	const budget = 256 << 10
	b := newBodies(budget)
	first, err := b.read(bytes.NewReader(make([]byte, 100<<10)), 100<<10)
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.read(bytes.NewReader(make([]byte, 200<<10)), -1)
	if !errors.Is(err, errBusy) {
		t.Errorf("a body past the budget: %v, want errBusy", err)
	}
	b.release(second)
	b.release(first)
	if left := b.left.Load(); left != budget {
		t.Errorf("budget after everything was released = %d, want %d", left, budget)
	}
	third, err := b.read(bytes.NewReader(make([]byte, 100<<10)), -1)
	if err != nil {
		t.Errorf("a body after the others were released: %v", err)
	}
	b.release(third)
}

func TestAnAnnouncedLengthHoldsNothing(t *testing.T) {
	b := newBodies(1 << 20)
	body, err := b.read(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(make([]byte, 10)))), 20<<20)
	if !errors.Is(err, errCutShort) {
		t.Fatalf("error = %v, want errCutShort", err)
	}
	if body.charged != firstRead {
		t.Errorf("charged %d for a body that never came, want %d", body.charged, firstRead)
	}
	b.release(body)
}

func TestBodiesAreReadWhole(t *testing.T) {
	b := newBodies(maxBuffered)
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 3 * firstRead, 1 << 20} {
		for _, announced := range []int64{-1, int64(size)} {
			want := bytes.Repeat([]byte("lamp"), size/4+1)[:size]
			got, err := b.read(iotest.HalfReader(bytes.NewReader(want)), announced)
			if err != nil || !bytes.Equal(got.data, want) {
				t.Errorf("%d bytes, %d announced: got %d, %v", size, announced, len(got.data), err)
			}
			b.release(got)
		}
	}
	if left := b.left.Load(); left != maxBuffered {
		t.Errorf("budget left = %d, want all of %d", left, maxBuffered)
	}
}

func TestReadErrors(t *testing.T) {
	b := newBodies(maxBuffered)
	body, err := b.read(iotest.ErrReader(io.ErrUnexpectedEOF), 10)
	if !errors.Is(err, errCutShort) {
		t.Errorf("error = %v, want errCutShort", err)
	}
	b.release(body)
}
