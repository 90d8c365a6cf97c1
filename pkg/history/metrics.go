package history

import "github.com/prometheus/client_golang/prometheus"

var loadedRuns = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "pharos_history_loaded_runs_total", Help: "Runs that were read from the store into the history.",
})

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector { return []prometheus.Collector{loadedRuns} }
