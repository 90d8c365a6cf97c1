package logs

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	metricBytes = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_bytes_total", Help: "Log text made durable, in bytes.",
	})
	metricChunks = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_chunks_total", Help: "Chunk objects written while containers ran.",
	})
	metricSegments = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_segments_total", Help: "Segments written while containers ran or when they had ended.",
	})
	metricSpoolBytes = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_logs_spool_bytes", Help: "Text on local disk, also what is durable in the store as chunks.",
	})
	metricUnshipped = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pharos_logs_oldest_unshipped_seconds", Help: "How long the oldest text waits that is not durable; 0 when all is.",
	}, func() float64 { return seconds(waiting.oldest()) })
	metricFailing = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pharos_logs_store_failing_seconds", Help: "How long an operation of the shipper has been failing without a break; 0 when all succeed.",
	}, func() float64 { return seconds(failing.start()) })
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
	return []prometheus.Collector{
		metricBytes, metricChunks, metricSegments, metricSpoolBytes, metricUnshipped, metricFailing, metricStoreErrors,
		metricSourceErrors, metricGaps, metricStreams, metricLag,
	}
}

// waiting are the spools of this process, and failing its operations that fail.
var (
	waiting = spoolSet{all: make(map[*spool]struct{})}
	failing outage
)

type spoolSet struct {
	mu  sync.Mutex
	all map[*spool]struct{}
}

func (w *spoolSet) add(s *spool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all[s] = struct{}{}
}

func (w *spoolSet) remove(s *spool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, s)
}

// oldest is when the oldest text came that is not durable; zero when all is.
func (w *spoolSet) oldest() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var oldest time.Time
	for s := range w.all {
		if since := s.oldest(); !since.IsZero() && (oldest.IsZero() || since.Before(oldest)) {
			oldest = since
		}
	}
	return oldest
}

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
	if o.n--; o.n == 0 {
		o.since = time.Time{}
	}
}

func (o *outage) start() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since
}

func seconds(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return time.Since(since).Seconds()
}
