package live

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

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
