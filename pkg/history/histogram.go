package history

import (
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// maxBuckets bounds a histogram.
const maxBuckets = 400

// Histogram counts runs by state over time.
type Histogram struct {
	// From and To are the bounds, multiples of Width since 1970; both are zero when there are no runs.
	From, To time.Time
	Width    time.Duration
	// Buckets follow each other without a gap, empty ones too.
	Buckets []Bucket
}

// Bucket is one bar.
type Bucket struct {
	Start  time.Time
	Counts map[v1alpha1.JobState]int
}

// widths of a bucket that people can read.
var widths = []time.Duration{
	time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
	3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour,
	365 * 24 * time.Hour, 10 * 365 * 24 * time.Hour,
}

// Histogram counts what matches, in at most the given number of buckets, which is between 1 and 400. It reaches from Since
// or the oldest run to Until or the newest.
func (s *Store) Histogram(ctx context.Context, f Filter, v Visible, buckets int) (Histogram, error) {
	h, err := s.histogram(ctx, f, v, min(max(buckets, 1), maxBuckets))
	if err != nil {
		return Histogram{}, fmt.Errorf("count runs over time: %w", err)
	}
	return h, nil
}

func (s *Store) histogram(ctx context.Context, f Filter, v Visible, buckets int) (Histogram, error) {
	scope, err := newScope(f, v)
	if err != nil {
		return Histogram{}, err
	}
	marks, err := s.marks(ctx, scope, 0)
	if err != nil {
		return Histogram{}, err
	}
	from, to, any := bounds(marks)
	if !any {
		return Histogram{}, nil
	}
	if !f.Since.IsZero() {
		from = f.Since
	}
	if !f.Until.IsZero() {
		to = f.Until
	}
	h := frame(from, to, buckets)
	h.count(marks)
	return h, nil
}

// bounds are the times of the oldest run and behind the newest.
func bounds(marks iter.Seq[mark]) (from, to time.Time, any bool) {
	var oldest, newest int64
	for m := range marks {
		if oldest = m.id; !any {
			newest, any = m.id, true
		}
	}
	return timeOf(oldest), timeOf(newest).Add(time.Millisecond), any
}

func (h *Histogram) count(marks iter.Seq[mark]) {
	counts := make([][8]int, len(h.Buckets)) // there are less than 8 states
	start, width := h.From.UnixMilli()-epochMillis, h.Width.Milliseconds()
	for m := range marks {
		if i := (m.id>>countBits - start) / width; i >= 0 && i < int64(len(counts)) {
			counts[i][m.state&7]++
		}
	}
	for i := range h.Buckets {
		for state, n := range counts[i] {
			if n > 0 {
				h.Buckets[i].Counts[states[state]] = n
			}
		}
	}
}

// frame is a histogram without counts: of the narrowest width that fits.
func frame(from, to time.Time, buckets int) Histogram {
	var h Histogram
	for _, h.Width = range widths {
		h.From = floor(from, h.Width)
		n := (to.Sub(h.From) + h.Width - 1) / h.Width
		if int(n) <= buckets {
			break
		}
	}
	for at := h.From; at.Before(to) && len(h.Buckets) < maxBuckets; at = at.Add(h.Width) {
		h.Buckets = append(h.Buckets, Bucket{Start: at, Counts: map[v1alpha1.JobState]int{}})
		h.To = at.Add(h.Width)
	}
	return h
}

func floor(t time.Time, width time.Duration) time.Time {
	step := width.Milliseconds()
	return time.UnixMilli(int64(math.Floor(float64(t.UnixMilli())/float64(step))) * step).UTC()
}
