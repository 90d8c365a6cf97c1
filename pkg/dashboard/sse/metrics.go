package sse

import "github.com/prometheus/client_golang/prometheus"

var (
	streams = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_dashboard_streams", Help: "Event streams that are open now.",
	})
	events = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_dashboard_stream_events_total", Help: "Events sent in streams, by name.",
	}, []string{"event"})
	ends = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_dashboard_streams_ended_total", Help: "Event streams that ended, by reason.",
	}, []string{"reason"})
)

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector { return []prometheus.Collector{streams, events, ends} }
