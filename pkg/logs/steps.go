package logs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// StepInfo is one step of a run, or another container beside its steps, as steps.json keeps it.
type StepInfo struct {
	// Task is the pipeline task's name, with "-retryN" for a later pod of the same TaskRun. With Step it is unique.
	Task string `json:"task"`
	// Step is the step's name; of other kinds "sidecar." or "init." and the container's, which no step is called.
	Step string `json:"step"`
	// Kind is KindStep, KindSidecar or KindInit; empty is KindStep. Only steps are part of build-log.txt.
	Kind string `json:"kind,omitempty"`
	// Name is task and step, as file names use it: task-step, and task_sidecar-name or task_init-name.
	Name string `json:"name"`
	// State is one of StepWaiting, StepRunning, StepSuccess, StepFailure, StepSkipped and StepUnknown.
	State string `json:"state"`
	// Reason in Tekton's or Kubernetes' word, and Message in theirs, when there are; at most 1 KiB. They say also why a
	// container never started.
	Reason   string       `json:"reason,omitempty"`
	Message  string       `json:"message,omitempty"`
	ExitCode *int32       `json:"exitCode,omitempty"`
	Start    *metav1.Time `json:"start,omitempty"`
	End      *metav1.Time `json:"end,omitempty"`
	// Restarts is how often the container was restarted; a line in the log marks each.
	Restarts int64 `json:"restarts,omitempty"`
	// Container that ran it, and the TaskRun it belongs to.
	Container ContainerRef `json:"container"`
	TaskRun   string       `json:"taskRun,omitempty"`
	// Log is the step's file in the run's folder, once it is there; Bytes is its size and Lines the number of its lines.
	Log   string `json:"log,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	Lines int64  `json:"lines,omitempty"`
	// Stored is the size of the file in the store, which may be compressed.
	Stored int64 `json:"stored,omitempty"`
	// Incomplete says why lines may be missing.
	Incomplete string `json:"incomplete,omitempty"`
	// Uncensored names the secrets of the run that could not be read, and why: their values may show in the log.
	Uncensored string `json:"uncensored,omitempty"`
}

func (s *StepInfo) isStep() bool { return s.Kind == "" || s.Kind == KindStep }

// manifest is steps.json.
type manifest struct {
	Version int        `json:"version"`
	Steps   []StepInfo `json:"steps"`
}

const manifestVersion = 1

// mergeSteps brings the steps of a run up to date with its pods: known steps keep their names, new ones get one, in
// order. It says whether there are new ones. What is known of the logs stays, and so does what a container said in the
// end: only the shipper adds that, without secrets.
func mergeSteps(run string, known []StepInfo, seen []container) (steps []StepInfo, added bool) {
	steps = slices.Clone(known)
	for _, c := range seen {
		i := slices.IndexFunc(steps, func(s StepInfo) bool { return s.Container == c.ref })
		if i < 0 {
			steps, added = append(steps, nameStep(run, steps, c)), true
			i = len(steps) - 1
		}
		s := &steps[i]
		s.State, s.ExitCode, s.Start, s.End = c.state, c.exit, c.start, c.end
		s.Reason, s.Restarts = c.reason, c.restarts
		if c.said == "" {
			s.Message = shortened(c.message)
		}
		if c.stopped {
			s.Restarts--
		}
	}
	return steps, added
}

// maxMessage bounds what is kept of a message, in bytes.
const maxMessage = 1 << 10

func shortened(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage-len("…")], "") + "…"
}

func nameStep(run string, steps []StepInfo, c container) StepInfo {
	task, step := taskName(run, steps, c), c.step
	name := task + "-" + step
	if c.kind != KindStep {
		if slices.ContainsFunc(steps, func(s StepInfo) bool { return s.Task == task && s.Step == c.kind+"."+step }) {
			step = c.ref.Container // sidecar db of Tekton's beside one that is just called db
		}
		name = task + "_" + c.kind + "-" + step
		step = c.kind + "." + step // a dot is in no container's name
	}
	taken := func(s StepInfo) bool { return s.Name == name }
	if slices.ContainsFunc(steps, taken) && c.kind == KindStep {
		// Task a-b with step c met task a with step b-c. Kubernetes allows no "_" in either.
		name = task + "_" + c.step
	}
	base := name
	for n := 2; slices.ContainsFunc(steps, taken); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return StepInfo{Task: task, Step: step, Kind: c.kind, Name: name, Container: c.ref, TaskRun: c.taskRun}
}

// taskName tells apart the pods of one task: those of a matrix by their TaskRun, those of retries by a number.
func taskName(run string, steps []StepInfo, c container) string {
	task := cmp.Or(c.task, c.taskRun)
	var retries []string // other pods of the TaskRun
	for _, s := range steps {
		switch {
		case s.Container.UID == c.ref.UID:
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

// loadManifest returns no steps when there is no file.
func loadManifest(ctx context.Context, store storage.Store, run string) ([]StepInfo, error) {
	object, err := store.Get(ctx, path.Join(run, StepsFile), storage.Range{})
	if errors.Is(err, storage.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	err = json.NewDecoder(object.Body).Decode(&m)
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", StepsFile, run, err)
	}
	return m.Steps, nil
}

func saveManifest(ctx context.Context, store storage.Store, run string, steps []StepInfo) error {
	return putJSON(ctx, store, path.Join(run, StepsFile), manifest{Version: manifestVersion, Steps: steps})
}

func putJSON(ctx context.Context, store storage.Store, key string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return store.Put(ctx, key, bytes.NewReader(append(text, '\n')), jsonOptions)
}
