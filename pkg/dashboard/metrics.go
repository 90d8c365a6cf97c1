package dashboard

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
)

var (
	requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_dashboard_requests_total", Help: "Requests to the dashboard by route and status code.",
	}, []string{"route", "code"})
	duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pharos_dashboard_request_seconds", Help: "Time to answer requests but for event streams and downloads.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route"})
)

// Collectors are the metrics of the dashboard, for registration at start-up.
func Collectors() []prometheus.Collector {
	return append([]prometheus.Collector{requests, duration}, sse.Collectors()...)
}

// counter remembers the status code of an answer.
type counter struct {
	http.ResponseWriter
	code int
}

func (c *counter) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// endless are the ends of routes whose answers take as long as their client wants.
var endless = []string{"/log", "/log/raw", "/runs/events", "/artifacts/{path...}", "/logs/{namespace}/{pod}/{container}"}

func (c *counter) observe(route string, took time.Duration) {
	if route == "" {
		route = "none"
	}
	requests.WithLabelValues(route, fmt.Sprint(c.code)).Inc()
	if !slices.ContainsFunc(endless, func(end string) bool { return strings.HasSuffix(route, end) }) {
		duration.WithLabelValues(route).Observe(took.Seconds())
	}
}
