package config

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	reloads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pharos_config_reloads_total",
		Help: "Attempts to read changed configuration files, by result: success, or failure when the old configuration was kept.",
	}, []string{"result"})
	warnings = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_config_warnings",
		Help: "Warnings about the configuration in use: keys that nobody knows, and the like; the log names each.",
	})
	lastSuccess = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pharos_config_last_reload_success_timestamp_seconds",
		Help: "When the configuration in use was loaded.",
	})
)

var registerMetrics = sync.OnceFunc(func() { metrics.Registry.MustRegister(reloads, warnings, lastSuccess) })
