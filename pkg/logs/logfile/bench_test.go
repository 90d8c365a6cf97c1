package logfile_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

// text is what a build prints: n bytes of lines of about 100 bytes.
func text(n int) []byte {
	var b bytes.Buffer
	b.Grow(n + 200)
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%06d go: downloading example.org/module/number/%d v1.%d.%d (%016x) took %d ms\n",
			i, i%997, i%31, i%17, uint64(i)*0x9e3779b97f4a7c15, i%4001)
	}
	return b.Bytes()[:n]
}

// BenchmarkIndexSize is for 2 GiB in 20 million lines within an hour, added line by line and cut every 8 MiB.
func BenchmarkIndexSize(b *testing.B) {
	const lines, size = 20_000_000, 2 << 30
	line := append(bytes.Repeat([]byte("x"), size/lines-1), '\n')
	step := int64(time.Hour) / lines
	for form, compress := range forms {
		b.Run(form, func(b *testing.B) {
			var bytes, memory float64
			b.SetBytes(lines * int64(len(line)))
			for b.Loop() {
				e := logfile.NewEncoder(compress)
				for i := range int64(lines) {
					e.Add(line, start.UnixNano()+i*step)
					if i%80_000 == 0 {
						e.Cut()
					}
				}
				_, index, err := e.Finish()
				if err != nil {
					b.Fatal(err)
				}
				f, err := logfile.Open(index, nil)
				if err != nil {
					b.Fatal(err)
				}
				bytes, memory = float64(len(index)), float64(f.Memory())
			}
			b.ReportMetric(bytes, "index-bytes")
			b.ReportMetric(memory, "memory-bytes")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	data := text(64 << 20)
	for form, compress := range forms {
		b.Run(form, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			stored := 0
			for b.Loop() {
				e := logfile.NewEncoder(compress)
				stored = 0
				for part := data; len(part) > 0; part = part[min(len(part), 32<<10):] {
					e.Add(part[:min(len(part), 32<<10)], start.UnixNano())
					if e.Stored() >= 8<<20 {
						stored += len(e.Cut())
						e.Release()
					}
				}
				tail, _, err := e.Finish()
				if err != nil {
					b.Fatal(err)
				}
				stored += len(tail)
				e.Release()
			}
			b.ReportMetric(float64(stored)/float64(len(data)), "stored/text")
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	data := text(256 << 20)
	for form, compress := range forms {
		e := logfile.NewEncoder(compress)
		e.Add(data, start.UnixNano())
		stored, index, err := e.Finish()
		if err != nil {
			b.Fatal(err)
		}
		o := &object{data: stored}
		f, err := logfile.Open(index, o.get)
		if err != nil {
			b.Fatal(err)
		}
		for name, text := range map[string]string{
			"literal": "panic: runtime error", "any-case": "(?i)fatal|panic", "union": `^ERROR|\bFAILED\b|panic:|fatal error`, "begins": `^(E[0-9]{4} |FATAL|--- FAIL)|(?i)\bpanic: `, "every-line": `took \d{6} ms`,
			"no-literal": `\d{7} ms`,
		} {
			re := pattern(b, text)
			b.Run(form+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := f.Search(b.Context(), logfile.SearchOptions{Pattern: re}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkScan(b *testing.B) {
	data := text(256 << 20)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := logfile.Scan(bytes.NewReader(data), false); err != nil {
			b.Fatal(err)
		}
	}
}
