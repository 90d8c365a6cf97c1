package job

import (
	"strconv"
	"sync"
	"time"
)

// BuildIDs makes build ids: decimal numbers of 19 digits that sort by time, as text too, and are unique within one process.
// Copies share their state. The zero value is not usable; see [NewBuildIDs].
type BuildIDs struct{ *sequence }

type sequence struct {
	mu   sync.Mutex
	now  func() time.Time
	last uint64
}

// The layout is that of Prow's ids: milliseconds since this epoch above 22 bits, which count here within a millisecond.
const (
	buildEpochMillis = 1288834974657
	countBits        = 22
)

// NewBuildIDs starts a sequence on a clock. Ids of processes that never run at once, like elected leaders, do not collide
// as long as the clock does not run backwards across a restart.
func NewBuildIDs(now func() time.Time) BuildIDs { return BuildIDs{&sequence{now: now}} }

// Next returns an id greater than every one before, even when the clock stands still or goes back.
func (s *sequence) Next() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, uint64(s.now().UnixMilli()-buildEpochMillis)<<countBits)
	return strconv.FormatUint(s.last, 10)
}
