package inbox

import "github.com/prometheus/client_golang/prometheus"

var (
	duplicates = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_inbox_duplicates_total", Help: "Deliveries that were stored already when they came in again.",
	}, []string{"connection"})
	processed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_inbox_finished_total", Help: "Deliveries that left the inbox, by their final phase.",
	}, []string{"phase"})
	latency = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pharos_inbox_latency_seconds", Help: "Time from receipt to the end of processing.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 600},
	})
)

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{duplicates, processed, latency}
}
