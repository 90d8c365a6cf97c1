package censor_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/censor"
)

func secrets(t testing.TB, minLength int, values ...string) *censor.Secrets {
	t.Helper()
	var all [][]byte
	for _, v := range values {
		all = append(all, []byte(v))
	}
	s, err := censor.New(all, minLength)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA1234567890\nabcdefghij+/klmnopqrstuv\n-----END KEY-----\n"

func TestWhatIsHidden(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	for name, tc := range map[string]struct {
		min          int
		values       []string
		text, hidden string
	}{
		"a value":                           {0, []string{"hunter2"}, "it is hunter2.", "it is *******."},
		"a value that ends with a line":     {0, []string{"hunter2\n"}, "it is hunter2.", "it is *******."},
		"two that overlap":                  {0, []string{"abcdef", "defghi"}, "xabcdefghix", "x*********x"},
		"one within another":                {0, []string{"abc", "xabcx"}, "xabcx abc", "***** ***"},
		"one over itself":                   {0, []string{"aba"}, "ababa", "*****"},
		"nothing shorter than the minimum":  {4, []string{"abc", "abcd"}, "abc abcd", "abc ****"},
		"one byte":                          {0, []string{"x"}, "axbx", "a*b*"},
		"white space is no secret":          {0, []string{" \n", ""}, "a b", "a b"},
		"all of its lines, and lines stay":  {0, []string{key}, "<" + key + ">", "<*******************\n**************************\n************************\n*****************\n>"},
		"a line of it alone":                {0, []string{key}, "  MIIEowIBAAKCAQEA1234567890 -----END KEY-----", "  ************************** -----END KEY-----"},
		"its base64":                        {0, []string{"hunter2"}, encode([]byte("hunter2")), "************"},
		"its base64 with the line end":      {0, []string{"hunter2\n"}, encode([]byte("hunter2\n")), "************"},
		"inside of base64, a byte shifted":  {0, []string{"secret-word"}, encode([]byte("user:me:secret-word/x")), "dXNlcjptZTp**************C94"},
		"a string of JSON":                  {0, []string{"say \"hi\"\nthen go"}, `{"a":"say \"hi\"\nthen go"}`, `{"a":"*******************"}`},
		"a part of a URL":                   {0, []string{"p@ss/word"}, "https://me:p%40ss%2Fword@host/?x=p%40ss%2Fword", "https://me:*************@host/?x=*************"},
		"a value at the end that goes on":   {0, []string{"abcdef"}, "xx abcde", "xx abcde"},
		"what is longer than a piece":       {0, []string{strings.Repeat("0123456789", 300)}, "<" + strings.Repeat("0123456789", 300) + ">", "<" + strings.Repeat("*", 3000) + ">"},
		"a secret that looks like anything": {0, []string{"\xff\xfe\x00\x01\x02"}, "a\xff\xfe\x00\x01\x02b", "a*****b"},
	} {
		t.Run(name, func(t *testing.T) {
			s := secrets(t, tc.min, tc.values...)
			if diff := cmp.Diff(tc.hidden, s.HideString(tc.text)); diff != "" {
				t.Errorf("hidden (-want +got):\n%s", diff)
			}
			for size := 1; size < len(tc.text)+1; size += 1 + size/4 {
				var got strings.Builder
				if _, err := io.Copy(&got, s.Reader(&inPieces{[]byte(tc.text), size})); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.hidden, got.String()); diff != "" {
					t.Fatalf("read by %d (-want +got):\n%s", size, diff)
				}
			}
		})
	}
}

// inPieces gives at most size bytes at a time.
type inPieces struct {
	text []byte
	size int
}

func (p *inPieces) Read(buf []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := copy(buf, p.text[:min(p.size, len(p.text))])
	p.text = p.text[n:]
	return n, nil
}

func TestEveryFormOfALongValueIsHidden(t *testing.T) {
	value := make([]byte, 5000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range value {
		value[i] = byte('!' + random.IntN(90))
	}
	text := base64.StdEncoding.EncodeToString(value)
	var wrapped strings.Builder
	for rest := text; rest != ""; rest = rest[min(len(rest), 76):] {
		wrapped.WriteString("  " + rest[:min(len(rest), 76)] + "\n")
	}
	s := secrets(t, 4, string(value))
	for _, form := range []string{string(value), text, wrapped.String()} {
		if left := strings.Trim(s.HideString(form), "* \n"); left != "" {
			t.Errorf("%q is left of %d bytes", left, len(form))
		}
	}
}

func TestAStreamIsResumedAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var values []string
		for range 1 + random.IntN(4) {
			values = append(values, word(random, 2+random.IntN(7)))
		}
		s := secrets(t, 1, values...)
		text := word(random, random.IntN(200))
		want := s.HideString(text)
		var got strings.Builder
		var c censor.Stream
		c.Use(s)
		for pos := 0; pos < len(text); {
			n := min(1+random.IntN(9), len(text)-pos)
			ready := c.Add([]byte(text[pos : pos+n]))
			pos += n
			if pos == len(text) {
				ready = c.Held()
			}
			take := ready
			if ready > 0 && pos < len(text) {
				take = random.IntN(ready + 1)
			}
			open := c.Open(take)
			got.Write(c.Take(take))
			c.Keep()
			if random.IntN(3) == 0 { // another process goes on behind what was taken
				pos -= c.Held()
				c = censor.Stream{}
				c.Use(s)
				c.Resume(open)
			}
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Fatalf("%q without %q (-want +got):\n%s", text, values, diff)
		}
	}
}

func word(random *rand.Rand, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = "ab\n"[random.IntN(3)]
	}
	return string(out)
}

func TestReaderGivesErrorsAfterTheText(t *testing.T) {
	s := secrets(t, 1, "hunter2")
	text, err := io.ReadAll(s.Reader(io.MultiReader(strings.NewReader("so hunt"), iotest.ErrReader(io.ErrClosedPipe))))
	if string(text) != "so hunt" || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestTooManySecrets(t *testing.T) {
	var values [][]byte
	for i := range 1001 {
		values = append(values, fmt.Appendf(nil, "secret-%04d", i))
	}
	s, err := censor.New(values, 0)
	if err == nil {
		t.Error("no error")
	}
	if got := s.HideString("secret-0999 secret-1000"); got != "*********** secret-1000" {
		t.Errorf("hidden: %q", got)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("abc\ndef"), []byte("xabc\ndefx"), 3)
	f.Fuzz(func(t *testing.T, value, text []byte, size int) {
		s, err := censor.New([][]byte{value}, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := s.HideString(string(text))
		got, err := io.ReadAll(s.Reader(&inPieces{bytes.Clone(text), max(size, 1)}))
		if err != nil || string(got) != want {
			t.Errorf("got %q, want %q (%v)", got, want, err)
		}
		if len(want) != len(text) || strings.Count(want, "\n") != bytes.Count(text, []byte{'\n'}) {
			t.Errorf("%q changed its shape from %q", want, text)
		}
	})
}

// BenchmarkStream hides 20 secrets, in all their forms, in a log of lines that hold none and in one that holds many.
func BenchmarkStream(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	var values []string
	for range 20 {
		value := make([]byte, 40)
		for i := range value {
			value[i] = byte('!' + random.IntN(90))
		}
		values = append(values, string(value))
	}
	s := secrets(b, 4, values...)
	same := secrets(b, 4, strings.Repeat("a", 1000))
	for name, line := range map[string]string{
		"worst":  strings.Repeat("a", 79) + "\n" + strings.Repeat("a", 2000),
		"plain":  "2026-01-02 10:11:12 INFO compiled github.com/acme/app/internal/server in 1.234s (12 of 345)\n",
		"base64": base64.StdEncoding.EncodeToString([]byte("any text that somebody printed in this form, 66 bytes or so of it")) + "\n",
		"secret": "token=" + values[3] + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			lines := make([]byte, len(line))
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			var c censor.Stream
			c.Use(s)
			if name == "worst" {
				c.Use(same)
			}
			for b.Loop() {
				copy(lines, line)
				c.Take(c.Add(lines))
				c.Keep()
			}
		})
	}
}
