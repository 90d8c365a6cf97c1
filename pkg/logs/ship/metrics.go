package ship

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pharos-ci/pharos/pkg/logs/follow"
	"github.com/pharos-ci/pharos/pkg/logs/spool"
)

var (
	metricFailing = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pharos_logs_store_failing_seconds", Help: "How long an operation of the shipper has been failing without a break; 0 when all succeed.",
	}, failing.seconds)
	metricStoreErrors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_logs_store_errors_total", Help: "Store operations of the shipper that failed and are tried again.",
	}, []string{"operation"})
	metricStreams = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_logs_streams", Help: "Containers being followed by the shipper.",
	})
)

// Collectors are the metrics of following, spooling and shipping, for registration at start-up.
func Collectors() []prometheus.Collector {
	return slices.Concat(follow.Collectors(), spool.Collectors(), []prometheus.Collector{metricFailing, metricStoreErrors, metricStreams})
}

// countFailure counts a try of an operation that failed.
func countFailure(operation string) { metricStoreErrors.WithLabelValues(operation).Inc() }

// failing are the operations of this process that fail.
var failing outage

// outage is the time since when at least one of several operations fails.
type outage struct {
	mu    sync.Mutex
	n     int
	since time.Time
}

func (o *outage) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n++; o.n == 1 {
		o.since = time.Now()
	}
}

func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.n--
}

// seconds is how long that is by now; 0 when none fails.
func (o *outage) seconds() float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n == 0 {
		return 0
	}
	return time.Since(o.since).Seconds()
}
