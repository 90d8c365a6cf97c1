package gate

import (
	"context"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/access"
)

// MayRerun says whether the reader may start the run's job again.
func (r *Run) MayRerun(ctx context.Context) (access.Verdict, error) {
	return r.gate.d.Access.MayRerun(ctx, r.gate.Viewer(ctx), r.pj)
}

// MayAbort says whether the reader may stop the run.
func (r *Run) MayAbort(ctx context.Context) (access.Verdict, error) {
	if r.pj.Status.State.Terminal() {
		return access.Verdict{Reason: "The run is over."}, nil
	}
	if r.pj.Spec.Abort != "" {
		return access.Verdict{Reason: "The run is being aborted already."}, nil
	}
	return r.gate.d.Access.MayAbort(ctx, r.gate.Viewer(ctx), r.pj)
}

// Rerun starts the run's job again on the same commits and returns the name of the new run.
func (r *Run) Rerun(ctx context.Context, mode RerunMode) (string, error) {
	if err := decide(r.MayRerun(ctx)); err != nil {
		return "", fmt.Errorf("rerun %s: %w", r.pj.Name, err)
	}
	return r.gate.d.Actions.Rerun(ctx, r.pj, mode, r.gate.Viewer(ctx))
}

// Abort asks the run to stop. The reason that people will read names who asked.
func (r *Run) Abort(ctx context.Context, why string) error {
	if err := decide(r.MayAbort(ctx)); err != nil {
		return fmt.Errorf("abort %s: %w", r.pj.Name, err)
	}
	reason := "Aborted by " + access.By(r.gate.Viewer(ctx)) + " on the dashboard."
	if why != "" {
		reason += " " + why
	}
	return r.gate.d.Actions.Abort(ctx, r.pj, reason)
}
