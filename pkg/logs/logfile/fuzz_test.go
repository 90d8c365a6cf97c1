package logfile_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

// FuzzOpen reads by indexes that are not true. The checksum is made right, so that the numbers are what is tried.
func FuzzOpen(f *testing.F) {
	m := random(rand.New(rand.NewPCG(8, 8)), 60)
	for _, compress := range forms {
		e := logfile.NewEncoder(compress)
		for _, p := range m.fragments {
			e.Add(p.text, p.stamp)
		}
		stored := bytes.Clone(e.Cut())
		state, err := e.State()
		if err != nil {
			f.Fatal(err)
		}
		_, index, err := e.Finish()
		if err != nil {
			f.Fatal(err)
		}
		scanned, err := logfile.Scan(bytes.NewReader(m.text), false)
		if err != nil {
			f.Fatal(err)
		}
		for _, index := range [][]byte{state, index, scanned} {
			f.Add(index[:len(index)-4], stored)
		}
	}
	re := pattern(f, "line|(?i)open")
	f.Fuzz(func(t *testing.T, index, stored []byte) {
		index = binary.LittleEndian.AppendUint32(bytes.Clone(index), crc32.Checksum(index, crc32.MakeTable(crc32.Castagnoli)))
		o := &object{data: stored}
		log, err := logfile.Open(index, o.get)
		if err != nil {
			return
		}
		lines := 0
		_ = log.Lines(t.Context(), 2, 50, func(l logfile.Line) error { // the log may be anything: only a panic is a failure
			if lines++; len(l.Text) > logfile.LongestLine {
				t.Errorf("line of %d bytes", len(l.Text))
			}
			return nil
		})
		if lines > 49 {
			t.Errorf("%d lines", lines)
		}
		_ = log.Text(t.Context(), 10, 1<<20, io.Discard)
		_, _ = log.Search(t.Context(), logfile.SearchOptions{Pattern: re, From: 3, MaxBytes: 1 << 20})
		_ = log.LineAt(time.Unix(1_700_000_000, 0))
		if e, err := logfile.ResumeEncoder(index); err == nil && log.Info().Bytes < 1<<40 && log.Info().Stored < 1<<40 {
			e.Add([]byte("more\n"), 1)
			if _, index, err = e.Finish(); err != nil {
				t.Errorf("finish: %v", err)
			}
			if _, err := logfile.Open(index, o.get); err != nil {
				t.Errorf("index of a resumed log: %v", err)
			}
		}
	})
}

func FuzzScan(f *testing.F) {
	m := random(rand.New(rand.NewPCG(9, 9)), 20)
	for _, compress := range forms {
		o, _ := m.store(f, compress, never)
		f.Add(o.data, compress)
	}
	f.Fuzz(func(t *testing.T, stored []byte, compressed bool) {
		index, err := logfile.Scan(bytes.NewReader(stored), compressed)
		if err != nil {
			return
		}
		o := &object{data: stored}
		log, err := logfile.Open(index, o.get)
		if err != nil {
			t.Fatalf("open what was scanned: %v", err)
		}
		n := 0
		if err := log.Lines(t.Context(), 1, 1<<40, func(logfile.Line) error { n++; return nil }); err != nil || int64(n) != log.Info().Lines {
			t.Errorf("%d of %d lines, %v", n, log.Info().Lines, err)
		}
	})
}
