package prow

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/raw"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// log is the text of a run, or of one container or step of it.
func (p *routes) log(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	run, err := p.runOf(r.Context(), q.Get("job"), q.Get("id"))
	if err != nil {
		return err
	}
	wanted := q.Get("container")
	if wanted == "" {
		return text(w, r, run, gate.StepName{})
	}
	steps, err := run.Steps(r.Context())
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.Container.Container == wanted || s.Step == wanted {
			return text(w, r, run, gate.StepName{Task: s.Task, Step: s.Step})
		}
	}
	return fmt.Errorf("container %q of %s: %w", wanted, run.Job().Name, gate.ErrNotFound)
}

// podLog is what Tekton's dashboard asks for.
func (p *routes) podLog(w http.ResponseWriter, r *http.Request) error {
	pod, container := r.PathValue("pod"), r.PathValue("container")
	run, err := p.gate.RunOfPod(r.Context(), r.PathValue("namespace"), pod)
	if err != nil {
		return err
	}
	steps, err := run.Steps(r.Context())
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.Container.Pod == pod && s.Container.Container == container {
			return text(w, r, run, gate.StepName{Task: s.Task, Step: s.Step})
		}
	}
	return fmt.Errorf("container %s of pod %s: %w", container, pod, gate.ErrNotFound)
}

// text answers with a log as far as it is stored.
func text(w http.ResponseWriter, r *http.Request, run *gate.Run, step gate.StepName) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	return raw.Serve(r.Context(), w, r, func(ctx context.Context, rng storage.Range) (*storage.Object, error) {
		return run.OpenLog(ctx, step, rng)
	})
}
