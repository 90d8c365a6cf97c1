package pods

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// Merge brings the steps of a run up to date with its pods: known steps keep their names, new ones get one, in
// order. It says whether there are new ones. What is known of the logs stays, and so does what a container said in the
// end: only the shipper adds that, without secrets.
func Merge(run string, known []logs.StepInfo, seen []Container) (steps []logs.StepInfo, added bool) {
	steps = slices.Clone(known)
	for _, c := range seen {
		i := slices.IndexFunc(steps, func(s logs.StepInfo) bool { return s.Container == c.Ref })
		if i < 0 {
			steps, added = append(steps, nameStep(run, steps, c)), true
			i = len(steps) - 1
		}
		s := &steps[i]
		s.State, s.ExitCode, s.Start, s.End = c.State, c.exit, c.start, c.end
		s.Reason, s.Restarts = c.Reason, c.Restarts
		if c.Said == "" {
			s.SetMessage(c.message)
		}
		if c.Stopped {
			s.Restarts--
		}
	}
	return steps, added
}

func nameStep(run string, steps []logs.StepInfo, c Container) logs.StepInfo {
	task, step := taskName(run, steps, c), c.step
	name := task + "-" + step
	if c.kind != logs.KindStep {
		if slices.ContainsFunc(steps, func(s logs.StepInfo) bool { return s.Task == task && s.Step == c.kind+"."+step }) {
			step = c.Ref.Container // sidecar db of Tekton's beside one that is just called db
		}
		name = task + "_" + c.kind + "-" + step
		step = c.kind + "." + step // a dot is in no container's name
	}
	taken := func(s logs.StepInfo) bool { return s.Name == name }
	if slices.ContainsFunc(steps, taken) && c.kind == logs.KindStep {
		// Task a-b with step c met task a with step b-c. Kubernetes allows no "_" in either.
		name = task + "_" + c.step
	}
	base := name
	for n := 2; slices.ContainsFunc(steps, taken); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return logs.StepInfo{Task: task, Step: step, Kind: c.kind, Name: name, Container: c.Ref, TaskRun: c.taskRun}
}

// taskName tells apart the pods of one task: those of a matrix by their TaskRun, those of retries by a number.
func taskName(run string, steps []logs.StepInfo, c Container) string {
	task := cmp.Or(c.task, c.taskRun)
	var retries []string // other pods of the TaskRun
	for _, s := range steps {
		switch {
		case s.Container.UID == c.Ref.UID:
			return s.Task
		case s.TaskRun == c.taskRun:
			if !slices.Contains(retries, s.Container.UID) {
				retries = append(retries, s.Container.UID)
			}
			if len(retries) == 1 {
				task = s.Task
			}
		case s.Task == task:
			task = strings.TrimPrefix(c.taskRun, run+"-")
		}
	}
	if len(retries) > 0 {
		task += "-retry" + strconv.Itoa(len(retries))
	}
	return task
}
