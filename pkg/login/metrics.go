package login

import "github.com/prometheus/client_golang/prometheus"

// resultSuccess stands beside the reasons.
const resultSuccess = "success"

var results = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "pharos_logins_total", Help: "Logins that ended, by connection and result: success, or the reason of the failure.",
}, []string{"connection", "result"})

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector { return []prometheus.Collector{results} }
