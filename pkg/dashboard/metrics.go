package dashboard

import "github.com/prometheus/client_golang/prometheus"

// Reasons why a stream ended.
const (
	endComplete = "complete" // everything was sent
	endGone     = "gone"     // the client left, or took nothing for too long
	endDrain    = "drain"    // this replica shuts down
)

var (
	requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_dashboard_requests_total", Help: "Requests to the dashboard by route and status code.",
	}, []string{"route", "code"})
	duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pharos_dashboard_request_seconds", Help: "Time to answer requests but for log streams and downloads.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route"})
	streams = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_dashboard_streams", Help: "Log streams that are open now.",
	})
	streamLines = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_dashboard_stream_lines_total", Help: "Log lines sent in streams.",
	})
	streamEnds = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_dashboard_streams_ended_total", Help: "Log streams that ended, by reason.",
	}, []string{"reason"})
)

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{requests, duration, streams, streamLines, streamEnds}
}
