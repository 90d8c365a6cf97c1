package webhook

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// unknown labels what a sender has not proven yet, so that strangers cannot make time series.
const unknown = "unknown"

var (
	deliveries = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_webhook_deliveries_total",
		Help: "Deliveries answered, by kind of event and by outcome.",
	}, []string{"connection", "event", "result"})
	duration = promauto.With(metrics.Registry).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "pharos_webhook_duration_seconds",
		Help:    "Time from a delivery's headers to its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"connection", "result"})
	bodyBytes = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_webhook_body_bytes_total",
		Help: "Bytes of bodies read, refused ones included.",
	}, []string{"connection"})
)

func (v *visit) count(result string) {
	deliveries.WithLabelValues(v.connection, v.event, result).Inc()
	duration.WithLabelValues(v.connection, result).Observe(time.Since(v.start).Seconds())
	bodyBytes.WithLabelValues(v.connection).Add(float64(v.bytes))
}
