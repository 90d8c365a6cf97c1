package logs

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	metricBytes = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_bytes_total", Help: "Log text made durable, in bytes.",
	})
	metricChunks = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_chunks_total", Help: "Chunk objects written while containers ran.",
	})
	metricStoreErrors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_logs_store_errors_total", Help: "Store operations of the shipper that failed and are tried again.",
	}, []string{"operation"})
	metricSourceErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_source_errors_total", Help: "Log streams from the cluster that failed or broke.",
	})
	metricGaps = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_gaps_total", Help: "Times that lines may be missing, because the kubelet rotated them away or a pod's log could not be read.",
	})
	metricStreams = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_logs_streams", Help: "Containers being followed by the shipper.",
	})
	metricLag = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pharos_logs_lag_seconds", Help: "Age of the newest line when it became durable.",
		Buckets: []float64{0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800},
	})
)

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{metricBytes, metricChunks, metricStoreErrors, metricSourceErrors, metricGaps, metricStreams, metricLag}
}
