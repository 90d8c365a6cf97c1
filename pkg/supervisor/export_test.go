package supervisor

import "io"

// Hidden is a reader that hides the given secrets.
func Hidden(from io.Reader, texts ...string) io.Reader {
	var s secrets
	for _, text := range texts {
		s = append(s, []byte(text))
	}
	return s.reader(from)
}
