package job

import (
	"time"

	"github.com/robfig/cron/v3"
)

// cronParser reads what Prow's does: five fields, seconds before them if there are six, @daily and the like, and a leading
// TZ=. Without a time zone it is UTC.
var cronParser = cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Due is when a periodic job starts next. The last run is told by when it started and ended, both zero without one and the
// end while it is running; began is when somebody began to look at the clock. The zero time means not before the last run
// has ended. A moment of cron that passes while the last run is going is left out, as in Prow; one that passes while nobody
// looks is made up for once.
func (p *Periodic) Due(started, ended, began time.Time) time.Time {
	switch {
	case started.IsZero() && p.schedule != nil:
		return p.schedule.Next(began.UTC())
	case started.IsZero():
		return began
	case ended.IsZero():
		return time.Time{}
	case p.schedule != nil:
		return p.schedule.Next(ended.UTC())
	case p.MinimumInterval.Duration > 0:
		return ended.Add(p.MinimumInterval.Duration)
	}
	if next := started.Add(p.Interval.Duration); next.After(ended) {
		return next
	}
	return ended
}
