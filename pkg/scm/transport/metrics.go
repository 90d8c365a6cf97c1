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
