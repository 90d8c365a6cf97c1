package controller

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

var (
	jobs = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_jobs_total", Help: "Jobs by the state they entered.",
	}, []string{"type", "state"})
	jobStart = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pharos_job_start_seconds", Help: "Time from the decision to run a job to its PipelineRun, without jobs that waited for a slot.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	})
)

// JobCollectors are the metrics of the job controller, for registration at start-up.
func JobCollectors() []prometheus.Collector {
	return []prometheus.Collector{jobs, jobStart}
}

// Build ids are Prow's snowflakes: milliseconds since this epoch above 22 bits.
const (
	buildIDEpoch = 1288834974657
	buildIDShift = 22
)

// triggeredAt is when the job was decided on: to the millisecond by its build id, or else its creation, to the second.
func triggeredAt(pj *v1alpha1.PipelineJob) time.Time {
	created := pj.CreationTimestamp.Time
	id, err := strconv.ParseUint(pj.Spec.BuildID, 10, 64)
	if err != nil {
		return created
	}
	at := time.UnixMilli(int64(id>>buildIDShift) + buildIDEpoch)
	if d := at.Sub(created); d > time.Second || d < -time.Minute {
		return created // an id of another make
	}
	return at
}
