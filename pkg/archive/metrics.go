package archive

import "github.com/prometheus/client_golang/prometheus"

var (
	removedRuns = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_retention_runs_removed_total", Help: "Runs that retention removed from the store.",
	})
	removedObjects = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_retention_objects_removed_total", Help: "Objects of those runs.",
	})
	removedBytes = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_retention_bytes_removed_total", Help: "Bytes of those objects.",
	})
	sweptRuns = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_retention_runs_looked_at", Help: "Runs that the pass of retention under way, or the last one, has looked at.",
	})
	lastSweep = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_retention_last_pass_timestamp_seconds", Help: "When retention last went over the whole store without an error.",
	})
	failedSweeps = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_retention_failed_passes_total", Help: "Passes of retention that an error ended.",
	})
)

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{removedRuns, removedObjects, removedBytes, sweptRuns, lastSweep, failedSweeps}
}
