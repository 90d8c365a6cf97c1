package logfile

import "bytes"

const (
	escape = 0x1b
	bell   = 0x07
)

// appendVisible appends a line without the control sequences of terminals: CSI (ESC "[" to a final byte, such as colours),
// OSC (ESC "]" to BEL or ESC "\", such as links) and other sequences of an ESC and a byte.
func appendVisible(dst, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, escape)
		if i < 0 {
			return append(dst, line...)
		}
		dst = append(dst, line[:i]...)
		line = line[i+sequence(line[i:]):]
	}
}

// sequence is the length of the control sequence that text begins with.
func sequence(text []byte) int {
	if len(text) < 2 {
		return len(text)
	}
	switch text[1] {
	case '[':
		for i, c := range text[2:] {
			if c >= 0x40 && c <= 0x7e {
				return i + 3
			}
		}
	case ']':
		for i, c := range text[2:] {
			if c == bell {
				return i + 3
			}
			if c == escape {
				return min(i+4, len(text))
			}
		}
	default:
		return 2
	}
	return len(text)
}
