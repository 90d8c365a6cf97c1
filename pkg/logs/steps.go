package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// Kinds of what runs in a pod.
const (
	KindStep = "step"
	// KindSidecar runs beside the steps: Tekton's sidecars, those that Kubernetes runs as restartable init containers, and
	// whatever was added to the pod by others.
	KindSidecar = "sidecar"
	// KindInit runs before the steps. Tekton's own are listed only when they failed.
	KindInit = "init"
)

// States of a step, for people and pages.
const (
	StepWaiting = "waiting"
	StepRunning = "running"
	StepSuccess = "success"
	StepFailure = "failure"
	// StepSkipped never ran because a step before it failed.
	StepSkipped = "skipped"
	// StepUnknown was running when its pod vanished, or never started.
	StepUnknown = "unknown"
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

// ContainerRef names one container of one pod. UID tells a pod from an earlier one of the same name.
type ContainerRef struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	UID       string `json:"uid"`
	Container string `json:"container"`
}

// IsStep says that it is a step of the task, whose log is part of build-log.txt or clone-log.txt.
func (s *StepInfo) IsStep() bool { return s.Kind == "" || s.Kind == KindStep }

// maxMessage bounds what is kept of a message, in bytes.
const maxMessage = 1 << 10

// SetMessage sets the message, of which it keeps 1 KiB.
func (s *StepInfo) SetMessage(message string) {
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage-len("…")], "") + "…"
	}
	s.Message = message
}

// manifest is steps.json.
type manifest struct {
	Version int        `json:"version"`
	Steps   []StepInfo `json:"steps"`
}

const manifestVersion = 1

// LoadSteps reads steps.json of the run whose folder is given; without one there are no steps.
func LoadSteps(ctx context.Context, store storage.Store, run string) ([]StepInfo, error) {
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

// SaveSteps writes steps.json of the run whose folder is given.
func SaveSteps(ctx context.Context, store storage.Store, run string, steps []StepInfo) error {
	return PutJSON(ctx, store, path.Join(run, StepsFile), manifest{Version: manifestVersion, Steps: steps})
}
