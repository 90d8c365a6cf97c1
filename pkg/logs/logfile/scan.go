package logfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// Scan makes the index of a stored log that has none, in one pass and without times. Compressed says that it is a gzip
// file; any of it will then be read by inflating from the beginning.
func Scan(stored io.Reader, compressed bool) (index []byte, err error) {
	t := &table{}
	if compressed {
		err = t.scanGzip(stored)
	} else {
		err = t.scan(stored, plainText)
		t.stored = t.text
	}
	if err != nil {
		return nil, fmt.Errorf("scan log: %w", err)
	}
	return t.encode(), nil
}

// scan counts the text and notes a place at its start and after every so many bytes.
func (t *table) scan(text io.Reader, every int64) error {
	buf := make([]byte, plainText)
	for {
		n, err := fill(text, buf)
		if n > 0 {
			if t.text == 0 || t.sinceBlock() >= every {
				t.startBlock(0)
			}
			t.add(buf[:n], 0)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// fill reads until buf is full or an error, which unlike that of io.ReadFull is the reader's own.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = r.Read(buf[n:])
		n += more
	}
	return n, err
}

// scanGzip leaves one place, the start of the file.
func (t *table) scanGzip(stored io.Reader) error {
	t.flags = flagCompressed | flagOpaque
	counted := &counter{Reader: stored}
	text, err := gzip.NewReader(bufio.NewReaderSize(counted, plainText))
	if err == nil {
		err = t.scan(text, maxNumber)
	}
	t.stored = counted.n
	return noEOF(err)
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
