// Package tekton installs Tekton Pipelines into the API server of an instance and runs its controller as a process of the
// machine, so that it needs no pod, no cluster network and no registry.
//
// The admission webhook is left out: the API server could not reach it without a cluster network. Nothing refuses or completes a bad
// object on creation, so what is created here must be valid as it stands; the controller fills in defaults when it sees a run.
package tekton

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/pharos-ci/pharos/test/cluster/image"
	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/node"
	"github.com/pharos-ci/pharos/test/cluster/process"
)

// Controller is the name of the controller's process.
const Controller = "tekton"

const (
	namespace = "tekton-pipelines"
	patience  = 3 * time.Minute
)

// Tekton is the installation in one instance; Bin holds its programs and manifests.
type Tekton struct {
	In      *instance.Instance
	Control *kube.Control
	Bin     string
}

// injected are the programs that Tekton puts into pods, each as its image wants it.
var injected = []string{"entrypoint", "nop", "sidecarlogresults", "workingdirinit"}

func imageName(program string) string { return "pharos.local/tekton-" + program + ":1" }

// Images makes the images that Tekton adds to each pod.
func (t Tekton) Images() (map[string]v1.Image, error) {
	images := map[string]v1.Image{}
	for _, program := range injected {
		tree := image.NewTree()
		// The path is fixed: Tekton copies its entrypoint from there.
		path := "ko-app/" + program
		err := tree.HostFile(path, filepath.Join(t.Bin, program))
		if err != nil {
			return nil, err
		}
		images[imageName(program)], err = image.FromTree(tree, v1.Config{Entrypoint: []string{"/" + path}})
		if err != nil {
			return nil, err
		}
	}
	return images, nil
}

// StartController runs the controller and waits until its controllers have started.
func (t Tekton) StartController(ctx context.Context) error {
	argv := []string{
		filepath.Join(t.Bin, "controller"),
		"-kubeconfig", t.Control.Kubeconfig("tekton"),
		"-disable-ha",
		"-kube-api-qps", "200", "-kube-api-burst", "400",
		"-shell-image", node.ShellImage, "-shell-image-win", node.ShellImage,
	}
	for _, program := range injected {
		argv = append(argv, "-"+program+"-image", imageName(program))
	}
	probe, err := t.start(Controller, argv, "CONFIG_LEADERELECTION_NAME=config-leader-election-controller")
	if err != nil {
		return err
	}
	return t.In.AwaitReady(ctx, Controller, patience, probe)
}

// start runs one of Tekton's long-running programs and returns a probe that sees whether its watches have begun.
func (t Tekton) start(part string, argv []string, env ...string) (func(context.Context) error, error) {
	port := map[string]int{}
	for _, use := range []string{"probes", "metrics", "profiling"} {
		p, err := t.In.Port(part + "-" + use)
		if err != nil {
			return nil, err
		}
		port[use] = p
	}
	_, err := t.In.Start(process.Spec{Name: part, Argv: argv, Env: append([]string{
		"SYSTEM_NAMESPACE=" + namespace,
		"KUBERNETES_MIN_VERSION=v1.28.0",
		"CONFIG_DEFAULTS_NAME=config-defaults",
		"CONFIG_LOGGING_NAME=config-logging",
		"CONFIG_OBSERVABILITY_NAME=config-observability",
		"CONFIG_FEATURE_FLAGS_NAME=feature-flags",
		"CONFIG_SPIRE=config-spire",
		"METRICS_DOMAIN=tekton.dev/pipeline",
		"METRICS_PROMETHEUS_HOST=127.0.0.1",
		"METRICS_PROMETHEUS_PORT=" + strconv.Itoa(port["metrics"]),
		"PROBES_PORT=" + strconv.Itoa(port["probes"]),
		"PROFILING_PORT=" + strconv.Itoa(port["profiling"]),
	}, env...)})
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: 5 * time.Second}
	return instance.ProbeHTTP(client, "http://127.0.0.1:"+strconv.Itoa(port["probes"])+"/readiness"), nil
}

// Install applies Tekton's own manifests, adapted to processes outside the cluster. Applying them again changes nothing.
func (t Tekton) Install(ctx context.Context) error {
	client, err := t.Control.Client()
	if err != nil {
		return err
	}
	files, err := t.manifests()
	if err != nil {
		return err
	}
	for _, file := range files {
		objects, err := kube.ReadObjects(file)
		if err != nil {
			return err
		}
		for _, o := range objects {
			adapt(o)
			if err := client.Apply(ctx, o); err != nil {
				return fmt.Errorf("apply %s %s: %w", o.Kind(), o.Name(), err)
			}
		}
	}
	return t.awaitTypes(ctx, client)
}

// manifests lists Tekton's files in an order in which each finds what it refers to.
func (t Tekton) manifests() ([]string, error) {
	var files []string
	for _, pattern := range []string{
		"100-namespace/*.yaml", "300-crds/*.yaml", "20*.yaml", "clusterrole-aggregate-*.yaml", "config-*.yaml",
	} {
		found, err := filepath.Glob(filepath.Join(t.Bin, "config", pattern))
		if err != nil {
			return nil, fmt.Errorf("find manifests: %w", err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("find manifests %s in %s: none", pattern, t.Bin)
		}
		files = append(files, found...)
	}
	return files, nil
}

// podTemplate puts every pod on the host's network, the only one there is, with the host's name resolution.
const podTemplate = "hostNetwork: true\ndnsPolicy: Default\n"

// adapt changes an object of Tekton's manifests to fit a node without a pod network.
func adapt(o kube.Object) {
	switch {
	case o.Kind() == "CustomResourceDefinition":
		// Conversion is the webhook's work; without it, versions of one type are stored as they come.
		delete(o.Map("spec"), "conversion")
	case o.Kind() == "ConfigMap" && o.Name() == "config-defaults":
		o.Map("data")["default-pod-template"] = podTemplate
	case o.Kind() == "ConfigMap" && o.Name() == "feature-flags":
		data := o.Map("data")
		// One node needs no pods that keep workspaces together, and nothing injects sidecars.
		data["coschedule"] = "disabled"
		data["running-in-environment-with-injected-sidecars"] = "false"
	}
}

// awaitTypes waits until the API server serves Tekton's types, as the controller does not start without them.
func (t Tekton) awaitTypes(ctx context.Context, client kube.Client) error {
	for _, path := range []string{"/apis/tekton.dev/v1/pipelineruns?limit=1", "/apis/tekton.dev/v1/taskruns?limit=1",
		"/apis/tekton.dev/v1beta1/customruns?limit=1", "/apis/resolution.tekton.dev/v1beta1/resolutionrequests?limit=1"} {
		if err := t.In.AwaitReady(ctx, kube.APIServer, patience, instance.ProbeHTTP(client.HTTP, client.Base+path)); err != nil {
			return fmt.Errorf("await Tekton's types: %w", err)
		}
	}
	return nil
}
