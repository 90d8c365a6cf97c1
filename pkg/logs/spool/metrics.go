package spool

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
	}, waiting.age)
	metricLag = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pharos_logs_lag_seconds", Help: "Age of the newest line when it became durable.",
		Buckets: []float64{0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800},
	})
)

// Collectors are the metrics of spooling, for registration at start-up.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{metricBytes, metricChunks, metricSegments, metricSpoolBytes, metricUnshipped, metricLag}
}

// waiting are the spools of this process.
var waiting = spoolSet{all: make(map[*Spool]struct{})}

type spoolSet struct {
	mu  sync.Mutex
	all map[*Spool]struct{}
}

func (w *spoolSet) add(s *Spool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all[s] = struct{}{}
}

func (w *spoolSet) remove(s *Spool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, s)
}

// age is how many seconds ago the oldest text came that is not durable; 0 when all is.
func (w *spoolSet) age() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var oldest time.Time
	for s := range w.all {
		if since := s.oldest(); !since.IsZero() && (oldest.IsZero() || since.Before(oldest)) {
			oldest = since
		}
	}
	if oldest.IsZero() {
		return 0
	}
	return time.Since(oldest).Seconds()
}
