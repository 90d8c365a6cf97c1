package controller

import "github.com/prometheus/client_golang/prometheus"

// Results of a report. Retried counts attempts, the others count reports.
const (
	resultSent     = "sent"
	resultRefused  = "refused"
	resultReplaced = "replaced"
	resultRetried  = "retried"
)

var (
	reports = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_reports_total", Help: "Reports to forges: sent, refused for good, replaced by a newer run's, or put off.",
	}, []string{"reporter", "result"})
	reportLag = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pharos_report_lag_seconds", Help: "Time from a run's creation to its pending status, and from its end to its final status.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200},
	}, []string{"phase"})
)

// ReportCollectors are the metrics of the reporter, for registration at start-up.
func ReportCollectors() []prometheus.Collector {
	return []prometheus.Collector{reports, reportLag}
}
