package transport

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	requests = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_forge_requests_total",
		Help: "Requests sent to forges, each try counted, by the HTTP status answered or the kind of failure.",
	}, []string{"forge", "connection", "method", "endpoint", "code"})
	cached = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_forge_cache_total",
		Help: "GETs by what the cache did: hit (unchanged, the forge said), changed, miss, shared (answered by an equal request under way).",
	}, []string{"forge", "connection", "endpoint", "result"})
	remaining = promauto.With(metrics.Registry).NewGaugeVec(prometheus.GaugeOpts{
		Name: "pharos_forge_rate_remaining",
		Help: "Requests left until the forge's rate limit, as it said last.",
	}, []string{"forge", "connection", "resource"})
	limited = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_forge_rate_limited_total",
		Help: "Requests not sent because the forge asked to stay away, or because the rest is kept for people's commands.",
	}, []string{"forge", "connection", "reason"})
	duration = promauto.With(metrics.Registry).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "pharos_forge_request_duration_seconds",
		Help:    "Time from sending a request to the headers of its answer, each try by itself.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"forge", "connection", "method", "endpoint"})
)

// observe counts and times every try.
func observe(o Options) link {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			name := endpoint(req)
			start := o.Now()
			res, err := next.RoundTrip(req)
			duration.WithLabelValues(o.Forge, o.Connection, req.Method, name).Observe(o.Now().Sub(start).Seconds())
			requests.WithLabelValues(o.Forge, o.Connection, req.Method, name, code(res, err)).Inc()
			return res, err
		})
	}
}

func code(res *http.Response, err error) string {
	switch {
	case err == nil:
		return strconv.Itoa(res.StatusCode)
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	default:
		return "error"
	}
}

func (o Options) countCache(req *http.Request, result string) {
	cached.WithLabelValues(o.Forge, o.Connection, endpoint(req), result).Inc()
}
