// Package logfile is the stored form of one step's log, and its index.
//
// A log is stored as its plain text, or compressed as one gzip member that browsers and gunzip read whole. The member is
// made of blocks: after each the deflate stream is byte-aligned and its window is empty, so that inflating may begin at
// any block. The index lies beside the log. It says where every block starts, which line that is and when each line was
// printed, so that any range of lines is one ranged request. An [Encoder] writes both, in bounded memory and over several
// processes; a [File] reads them; [Scan] makes the index of a log that has none.
//
// Lines are counted from 1 and end with a newline; a text that does not end with one has a last, open line. The package
// is pure: bytes in and out, and a function that gets a range of the stored object.
package logfile

import "time"

const (
	// LongestLine is how much of one line is kept for emitting and matching, in bytes.
	LongestLine = 64 << 10
	// blockText is the text of one compressed block, plainText that between two places in the index of a plain log.
	blockText = 1 << 20
	plainText = 64 << 10
	// tickTime is the precision of a line's time.
	tickTime = 100 * time.Millisecond
)

// Info describes a log.
type Info struct {
	// Bytes and Lines count the text; the open line counts. Stored is the size of the stored object.
	Bytes, Lines, Stored int64
	// First and Last are the times of the first and the last line that have one; zero when none has.
	First, Last time.Time
	// Sum is the IEEE CRC-32 of the text.
	Sum uint32
	// Compressed says that the stored object is gzip.
	Compressed bool
	// Open says that the last line does not end with a newline; of a log that is not finished, it may go on.
	Open bool
	// Incomplete says that lines may be missing.
	Incomplete bool
}
