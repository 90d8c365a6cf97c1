package artifacts

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	files = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_artifacts_files_total",
		Help: "Files that pods handed in, by the HTTP status of the answer.",
	}, []string{"status"})
	fileBytes = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_artifacts_bytes_total",
		Help: "Bytes of these files that were read, those of refused files included.",
	})
)

// Collectors are the package's metrics.
func Collectors() []prometheus.Collector { return []prometheus.Collector{files, fileBytes} }

func count(status int, n int64) {
	files.WithLabelValues(strconv.Itoa(status)).Inc()
	fileBytes.Add(float64(n))
}
