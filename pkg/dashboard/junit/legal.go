package junit

import "io"

// legal replaces what XML forbids and tests print all the same: control characters and, where they stand in bytes of their
// own, the escapes of colours.
type legal struct{ r io.Reader }

func (l *legal) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	for i, c := range b[:n] {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			b[i] = ' '
		}
	}
	return n, err
}

// latin turns bytes of ISO 8859-1 into UTF-8.
type latin struct {
	r    io.Reader
	rest []byte
	err  error
}

func (l *latin) Read(b []byte) (int, error) {
	if len(l.rest) == 0 && l.err == nil {
		var buf [1024]byte
		n, err := l.r.Read(buf[:])
		l.err = err
		text := make([]rune, n)
		for i, c := range buf[:n] {
			text[i] = rune(c)
		}
		l.rest = []byte(string(text))
	}
	if len(l.rest) == 0 {
		return 0, l.err
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
