package history

import (
	"sync"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// news of one run: its last state, and whether the object is gone.
type news struct {
	job  *v1alpha1.PipelineJob
	gone bool
}

// queue keeps the last news of each run, in the order in which runs first had some. It never waits and is bounded by the
// number of objects.
type queue struct {
	ready chan struct{} // holds one when there is news

	mu    sync.Mutex
	order []string
	last  map[string]news
}

func (q *queue) init() {
	q.ready, q.last = make(chan struct{}, 1), map[string]news{}
}

func (q *queue) add(job *v1alpha1.PipelineJob, gone bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.put(news{job: job, gone: gone})
}

func (q *queue) put(n news) {
	if _, ok := q.last[n.job.Name]; !ok {
		q.order = append(q.order, n.job.Name)
	}
	q.last[n.job.Name] = n
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// back returns news that could not be written; later news of the same run count more.
func (q *queue) back(all []news) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range all {
		if _, ok := q.last[n.job.Name]; !ok {
			q.put(n)
		}
	}
}

func (q *queue) take(most int) []news {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(most, len(q.order))
	all := make([]news, n)
	for i, name := range q.order[:n] {
		all[i] = q.last[name]
		delete(q.last, name)
	}
	if q.order = q.order[n:]; len(q.order) == 0 {
		q.order = nil // lets go of the array
	}
	return all
}
