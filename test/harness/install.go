package harness

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// InstallCRDs applies crds/ and returns once the API server serves them.
func InstallCRDs(ctx context.Context, c client.Client) error {
	if err := apply(ctx, c, filepath.Join(Root(), "crds")); err != nil {
		return err
	}
	return served(ctx, c, &v1alpha1.DeliveryList{}, &v1alpha1.PipelineJobList{})
}

// InstallTektonCRDs gives a bare API server Tekton's kinds, for tests that need no run to start. They come from the
// version of Tekton that the project is built with.
func InstallTektonCRDs(ctx context.Context, c client.Client) error {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tektoncd/pipeline")
	cmd.Dir = Root()
	dir, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("find Tekton's module: %w", err)
	}
	if err := apply(ctx, c, filepath.Join(strings.TrimSpace(string(dir)), "config", "300-crds")); err != nil {
		return err
	}
	return served(ctx, c, &tektonv1.PipelineRunList{}, &tektonv1.TaskRunList{})
}

func apply(ctx context.Context, c client.Client, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("find resources in %s: %w", dir, cmp.Or(err, os.ErrNotExist))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read resource: %w", err)
		}
		var crd unstructured.Unstructured
		if err := yaml.Unmarshal(data, &crd.Object); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		unstructured.RemoveNestedField(crd.Object, "spec", "conversion") // nothing runs that could convert
		if err := c.Create(ctx, &crd); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create %s: %w", crd.GetName(), err)
		}
	}
	return nil
}

func served(ctx context.Context, c client.Client, lists ...client.ObjectList) error {
	return Until(ctx, 30*time.Second, "the custom resources to be served", func() (bool, string) {
		for _, list := range lists {
			if err := c.List(ctx, list, client.Limit(1)); err != nil {
				return false, err.Error()
			}
		}
		return true, ""
	})
}

func sortJobs(jobs []v1alpha1.PipelineJob) {
	slices.SortFunc(jobs, func(a, b v1alpha1.PipelineJob) int { return strings.Compare(a.Spec.BuildID, b.Spec.BuildID) })
}
