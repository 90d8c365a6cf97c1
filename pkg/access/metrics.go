package access

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var calls = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "pharos_access_questions_total", Help: "Questions to forges about who may do what, by connection, question and result: answered, refused or down.",
}, []string{"connection", "question", "result"})

// Collectors are the metrics of this package, for registration at start-up.
func Collectors() []prometheus.Collector { return []prometheus.Collector{calls} }

func resultOf(err error) string {
	switch {
	case err == nil || errors.Is(err, scm.ErrNotFound):
		return "answered"
	case down(err):
		return "down"
	}
	return "refused"
}
