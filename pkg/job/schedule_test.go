package job_test

import (
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/job"
)

func TestDue(t *testing.T) {
	day := func(hour, minute int) time.Time { return time.Date(2026, 3, 1, hour, minute, 0, 0, time.UTC) }
	began := day(8, 30)
	every := func(d time.Duration) *job.Periodic { return &job.Periodic{Interval: job.Duration{Duration: d}} }
	after := func(d time.Duration) *job.Periodic { return &job.Periodic{MinimumInterval: job.Duration{Duration: d}} }
	cron := func(text string) *job.Periodic { return &job.Periodic{Cron: text} }
	never := time.Time{}
	for name, tc := range map[string]struct {
		job            *job.Periodic
		started, ended time.Time
		want           time.Time
	}{
		"an interval's first run is at once":                 {job: every(time.Hour), want: began},
		"an interval counts from the start":                  {every(time.Hour), day(8, 0), day(8, 20), day(9, 0)},
		"a run longer than the interval is followed at once": {every(time.Hour), day(8, 0), day(9, 20), day(9, 20)},
		"nothing starts beside a running job":                {every(time.Hour), day(8, 0), never, never},
		"a minimum interval counts from the end":             {after(time.Hour), day(8, 0), day(8, 20), day(9, 20)},
		"cron's first run waits for its moment":              {job: cron("0 9 * * *"), want: day(9, 0)},
		"cron starts at its next moment":                     {cron("*/15 * * * *"), day(8, 0), day(8, 5), day(8, 15)},
		"a moment that passed during the run is left out":    {cron("*/15 * * * *"), day(8, 0), day(8, 20), day(8, 30)},
		"cron with seconds":                                  {cron("30 0 9 * * *"), day(8, 0), day(8, 5), day(9, 0).Add(30 * time.Second)},
		"cron by a name":                                     {cron("@hourly"), day(8, 0), day(8, 5), day(9, 0)},
		"cron in a time zone":                                {cron("TZ=Etc/GMT-2 0 12 * * *"), day(8, 0), day(8, 5), day(10, 0)},
		"a day that never comes":                             {cron("0 0 30 2 *"), day(8, 0), day(8, 5), never},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.job
			p.Base = base("clock")
			compile(t, job.Static{Periodics: []*job.Periodic{p}}, job.Defaults{Connection: "main"})
			if got := p.Due(tc.started, tc.ended, began); !got.Equal(tc.want) {
				t.Errorf("due at %v, want %v", got, tc.want)
			}
		})
	}
}
