package live

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// While a step runs, all of its text that is durable lies below .live/<step>/, for every process to read:
//
//	<offset>-<end>-<writer>.seg   a segment: some MiB of the log in its stored form (package logfile), never changed
//	<offset>-<end>-<writer>.rec   its record: the segments before it, the index up to its end, and the cursor there
//	<offset>-<writer>.txt         a chunk: text behind the last segment with the times of its lines, replaced while it is small
//
// Offsets count bytes of text. A chunk makes text durable within seconds; a segment replaces the chunks that it covers. The
// store itself copies the segments into the parts of the log's final object, which is completed when the step has ended. So
// a byte is sent once by a stream that is fast, and twice by one whose chunks came first, and a live log of any size can be
// read from its beginning, by pages of other processes and by the shipper that takes over. Sending the parts themselves
// would cost the store one copy less, but no server lets anybody read the parts of an upload that is open.
//
// The writer in a name keeps a process that lost its lease from overwriting what its successor wrote. Both wrote the same
// text, cut at other places; a record names the segments that belong together.

// Endings of the names of objects.
const (
	segmentSuffix = ".seg"
	recordSuffix  = ".rec"
	chunkSuffix   = ".txt"
)

// objectName is the parsed name of an object; end is 0 for a chunk, whose header says it.
type objectName struct {
	offset, end int64
	writer      string
	suffix      string
}

func (n objectName) String() string {
	if n.suffix == chunkSuffix {
		return fmt.Sprintf("%012d-%s%s", n.offset, n.writer, n.suffix)
	}
	return fmt.Sprintf("%012d-%012d-%s%s", n.offset, n.end, n.writer, n.suffix)
}

// ChunkName names the chunk whose text begins at an offset.
func ChunkName(offset int64, writer string) string {
	return objectName{offset: offset, writer: writer, suffix: chunkSuffix}.String()
}

// SegmentNames name the segment of the text between two offsets, and its record.
func SegmentNames(offset, end int64, writer string) (segment, record string) {
	name := objectName{offset, end, writer, recordSuffix}
	return name.segment(), name.String()
}

// segment is the name of the segment that a record is of.
func (n objectName) segment() string {
	n.suffix = segmentSuffix
	return n.String()
}

func parseName(key string) (objectName, bool) {
	base := path.Base(key)
	name := objectName{suffix: path.Ext(base)}
	fields := strings.Split(strings.TrimSuffix(base, name.suffix), "-")
	var err error
	switch {
	case name.suffix == chunkSuffix && len(fields) == 2:
	case (name.suffix == segmentSuffix || name.suffix == recordSuffix) && len(fields) == 3:
		name.end, err = strconv.ParseInt(fields[1], 10, 64)
	default:
		return name, false
	}
	name.writer = fields[len(fields)-1]
	if err == nil {
		name.offset, err = strconv.ParseInt(fields[0], 10, 64)
	}
	return name, err == nil && name.offset >= 0 && name.String() == base
}
