package plugins

import (
	"context"
	"slices"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Deps is what plugins get besides the event. The functions answer from the configuration current at each call.
type Deps struct {
	Jobs     func() *job.Set
	Triggers func(scm.Repo) TriggerSettings
	// InRepo may be nil: then repositories keep no jobs themselves.
	InRepo   InRepo
	Launcher Launcher
	BuildIDs job.BuildIDs
}

// Launcher starts and stops runs.
type Launcher interface {
	// Launch stores a run; one of that name that exists already is left as it is. Errors that may pass wrap scm.ErrTransient.
	Launch(ctx context.Context, run *v1alpha1.PipelineJob) error
	// AbortPull asks the unfinished presubmit runs of a pull request to stop, except those that test commit keep, and
	// returns how many.
	AbortPull(ctx context.Context, ref scm.PullRef, keep, reason string) (int, error)
	// Tested says whether there are presubmit runs of a pull request at a commit, those left out that were told to stop.
	Tested(ctx context.Context, ref scm.PullRef, sha string) (bool, error)
}

// Names lists the plugins that exist, sorted.
func Names() []string {
	var names []string
	for _, p := range All(Deps{}) {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

// All lists every plugin in the order in which they handle an event.
func All(d Deps) []chatops.Plugin {
	return []chatops.Plugin{
		Trigger(d),
	}
}
