package history

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// maxTrend is the number of runs that a trend looks at.
const maxTrend = 20000

// Trend is how a job went over time.
type Trend struct {
	Counts map[v1alpha1.JobState]int
	// Days that had runs, oldest first.
	Days []Day
	// Flakes are commits with both results, the latest first.
	Flakes []Flake
	// Since is when the oldest run that was looked at was made: of more than 20,000 runs only the newest are.
	Since time.Time
}

// Day is one day of a job, in UTC.
type Day struct {
	Start            time.Time
	Runs             int
	Success, Failure int
	// Median and P95 are durations of the runs that succeeded or failed; zero when there are none.
	Median, P95 time.Duration
}

// PassRate is the share of successes among the runs with a result; ok is false when there are none.
func (d Day) PassRate() (rate float64, ok bool) {
	n := d.Success + d.Failure
	if n == 0 {
		return 0, false
	}
	return float64(d.Success) / float64(n), true
}

// Flake is one job that both succeeded and failed with the same code.
type Flake struct {
	Job, SHA string
	// Runs by name, newest first.
	Runs             []string
	Success, Failure int
	// Last is when the newest of them was made.
	Last time.Time
}

// JobHistory sums up the runs that match; it is meant for a filter that selects one job.
func (s *Store) JobHistory(ctx context.Context, f Filter, v Visible) (Trend, error) {
	points, err := s.points(ctx, f, v)
	if err != nil {
		return Trend{}, fmt.Errorf("sum up runs: %w", err)
	}
	t := Trend{Counts: map[v1alpha1.JobState]int{}, Days: days(points), Flakes: flakes(points)}
	for _, p := range points {
		t.Counts[states[p.state]]++
	}
	if len(points) > 0 {
		t.Since = points[len(points)-1].at
	}
	return t, nil
}

// point is one run of a trend.
type point struct {
	at     time.Time
	state  int
	job    string
	name   string
	sha    string
	length time.Duration
}

func (p point) success() bool { return states[p.state] == v1alpha1.StateSuccess }
func (p point) failure() bool { return states[p.state] == v1alpha1.StateFailure }

// pointQuery reads what a trend needs of runs, in the order of their ids.
const pointQuery = "SELECT r.id, r.state, s.job, r.name, r.sha, r.began, r.ended FROM json_each(?) i CROSS JOIN runs r ON r.id = i.value CROSS JOIN series s ON s.id = r.series"

// points are newest first.
func (s *Store) points(ctx context.Context, f Filter, v Visible) ([]point, error) {
	scope, err := newScope(f, v)
	if err != nil {
		return nil, err
	}
	marks, err := s.marks(ctx, scope, maxTrend)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for m := range marks {
		if ids = append(ids, m.id); len(ids) == maxTrend {
			break
		}
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, pointQuery, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	points := make([]point, 0, len(ids))
	for rows.Next() {
		var p point
		var id, began, ended int64
		if err := rows.Scan(&id, &p.state, &p.job, &p.name, &p.sha, &began, &ended); err != nil {
			return nil, err
		}
		p.at = timeOf(id)
		if began > 0 && ended > began {
			p.length = time.Duration(ended-began) * time.Millisecond
		}
		points = append(points, p)
	}
	return points, rows.Err()
}

// days takes points newest first and returns days oldest first.
func days(points []point) []Day {
	var all []Day
	var lengths []time.Duration
	end := func() {
		if len(all) > 0 && len(lengths) > 0 {
			slices.Sort(lengths)
			d := &all[len(all)-1]
			d.Median, d.P95 = quantile(lengths, 50), quantile(lengths, 95)
		}
		lengths = lengths[:0]
	}
	for _, p := range slices.Backward(points) {
		start := p.at.Truncate(24 * time.Hour)
		if len(all) == 0 || !all[len(all)-1].Start.Equal(start) {
			end()
			all = append(all, Day{Start: start})
		}
		d := &all[len(all)-1]
		d.Runs++
		switch {
		case p.success():
			d.Success++
		case p.failure():
			d.Failure++
		default:
			continue
		}
		if p.length > 0 {
			lengths = append(lengths, p.length)
		}
	}
	end()
	return all
}

// quantile is the least value that percent of the sorted values do not exceed.
func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)*percent+99)/100-1]
}

// flakes takes points newest first.
func flakes(points []point) []Flake {
	type code struct{ job, sha string }
	found := map[code]*Flake{}
	var order []*Flake
	for _, p := range points {
		if p.sha == "" || !p.success() && !p.failure() {
			continue
		}
		at := code{p.job, p.sha}
		flake := found[at]
		if flake == nil {
			flake = &Flake{Job: p.job, SHA: p.sha, Last: p.at}
			found[at] = flake
			order = append(order, flake)
		}
		flake.Runs = append(flake.Runs, p.name)
		if p.success() {
			flake.Success++
		} else {
			flake.Failure++
		}
	}
	var both []Flake
	for _, flake := range order {
		if flake.Success > 0 && flake.Failure > 0 {
			both = append(both, *flake)
		}
	}
	return both
}
