package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	tektonconfig "github.com/tektoncd/pipeline/pkg/apis/config"
	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	tektonvalidate "github.com/tektoncd/pipeline/pkg/apis/validate"
	corev1 "k8s.io/api/core/v1"
)

// validate asks Tekton about a defaulted copy. The run itself keeps no defaults: those are the cluster's to choose.
func validate(run *tektonv1.PipelineRun, opts Options) error {
	if err := tektonvalidate.ObjectMetadata(run); err != nil {
		return fmt.Errorf("validate PipelineRun: %w", err.ViaField("metadata"))
	}
	essence := essenceOf(run)
	key, err := keyOf(essence, opts)
	if err != nil {
		return err
	}
	if valid.has(key) {
		return nil
	}
	ctx := context.Background()
	if opts.FeatureFlags != nil {
		flags, err := tektonconfig.NewFeatureFlagsFromMap(opts.FeatureFlags)
		if err != nil {
			return fmt.Errorf("read Tekton feature flags: %w", err)
		}
		cfg := *tektonconfig.FromContextOrDefaults(ctx)
		cfg.FeatureFlags = flags
		ctx = tektonconfig.ToContext(ctx, &cfg)
	}
	if verdict(ctx, essence) != nil {
		// Asked again about the whole run, Tekton's message has the right places in it.
		return verdict(ctx, run.DeepCopy())
	}
	valid.add(key)
	return nil
}

func verdict(ctx context.Context, run *tektonv1.PipelineRun) error {
	run.SetDefaults(ctx)
	if err := run.Validate(ctx); err != nil {
		return fmt.Errorf("validate PipelineRun: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// valid remembers what Tekton accepted. Runs of one job differ in texts that their essence leaves out, so each job is
// validated once and not at every event.
var valid = memo{seen: map[memoKey]bool{}}

// maxMemo bounds the memory to about 100 KiB; beyond it, everything is forgotten and validated anew.
const maxMemo = 2048

type memoKey [sha256.Size]byte

type memo struct {
	mu   sync.Mutex
	seen map[memoKey]bool
}

func (m *memo) has(key memoKey) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[key]
}

func (m *memo) add(key memoKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) >= maxMemo {
		clear(m.seen)
	}
	m.seen[key] = true
}

func keyOf(essence *tektonv1.PipelineRun, opts Options) (memoKey, error) {
	h := sha256.New()
	out := json.NewEncoder(h)
	if err := errors.Join(out.Encode(essence.Spec), out.Encode(opts.FeatureFlags)); err != nil {
		return memoKey{}, fmt.Errorf("encode PipelineRun: %w", err)
	}
	return memoKey(h.Sum(nil)), nil
}

// essenceOf is a copy with everything on which Tekton's verdict can depend, but for the name.
func essenceOf(run *tektonv1.PipelineRun) *tektonv1.PipelineRun {
	essence := &tektonv1.PipelineRun{Spec: *run.Spec.DeepCopy()}
	essence.Name = "essence"
	for i := range essence.Spec.Params {
		if p := &essence.Spec.Params[i].Value; inert(p.StringVal) {
			p.StringVal = ""
		}
	}
	if spec := essence.Spec.PipelineSpec; spec != nil {
		leaveOutInert(spec.Tasks)
		leaveOutInert(spec.Finally)
	}
	return essence
}

// leaveOutInert removes from a copy the texts in which Tekton could find nothing: it compiles a dozen regular expressions
// for every text of every step, milliseconds for a run of a few steps. Our own clone order is among them.
func leaveOutInert(tasks []tektonv1.PipelineTask) {
	for i := range tasks {
		spec := tasks[i].TaskSpec
		if spec == nil || spec.APIVersion != "" {
			continue
		}
		if t := spec.StepTemplate; t != nil {
			t.Env = slices.DeleteFunc(t.Env, inertVariable)
			t.VolumeMounts = slices.DeleteFunc(t.VolumeMounts, func(m corev1.VolumeMount) bool {
				return m.Name == codeVolume || m.Name == logsVolume
			})
			if inert(t.WorkingDir) {
				t.WorkingDir = ""
			}
		}
		for j := range spec.Steps {
			// A step that refers to a StepAction may have no variables and no arguments, so there it matters that they exist.
			if s := &spec.Steps[j]; s.Ref == nil {
				s.Env = slices.DeleteFunc(s.Env, inertVariable)
				s.Args = slices.DeleteFunc(s.Args, inert)
				leaveOutOfStep(s)
			}
		}
	}
}

// leaveOutOfStep makes the steps of different jobs alike: of these fields Tekton asks no more than whether they are there.
func leaveOutOfStep(s *tektonv1.Step) {
	if s.Image != "" && inert(s.Image) {
		s.Image = "image"
	}
	if len(s.Command) > 0 && !slices.ContainsFunc(s.Command, func(word string) bool { return !inert(word) }) {
		s.Command = []string{"command"}
	}
	if inert(s.WorkingDir) {
		s.WorkingDir = ""
	}
	s.ComputeResources = corev1.ResourceRequirements{}
	s.VolumeMounts = slices.DeleteFunc(s.VolumeMounts, func(m corev1.VolumeMount) bool {
		reserved := strings.HasPrefix(m.MountPath, "/tekton/") || strings.HasPrefix(m.Name, "tekton-")
		return !reserved && inert(m.Name+m.MountPath+m.SubPath)
	})
}

func inertVariable(v corev1.EnvVar) bool { return v.ValueFrom == nil && inert(v.Value) }

// inert says that a text holds no variable of Tekton's.
func inert(text string) bool { return !strings.Contains(strings.ReplaceAll(text, dollarRef, ""), "$(") }
