// Package lifecycle brings the parts of a local cluster up and down in the right order.
package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/test/cluster/bucket"
	"github.com/pharos-ci/pharos/test/cluster/component"
	"github.com/pharos-ci/pharos/test/cluster/debian"
	"github.com/pharos-ci/pharos/test/cluster/forge"
	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/node"
	"github.com/pharos-ci/pharos/test/cluster/tekton"
)

// part is one process of a cluster and what it takes to run it.
type part struct {
	name string
	// needs are parts that must be ready before.
	needs []string
	// component holds the program; empty when a Debian package brings it.
	component string
	packages  []debian.Need
	start     func(*cluster, context.Context) error
}

// parts lists all parts; each comes after those it needs.
func parts() []part {
	compiler := debian.Need{Package: "gcc", Commands: []string{"gcc"}}
	headers := debian.Need{Package: "libc6-dev", Have: []string{"/usr/include/stdlib.h"}}
	git := debian.Need{Package: "git", Commands: []string{"git"}}
	return []part{
		{name: kube.Etcd, component: component.Kubernetes, start: (*cluster).startEtcd},
		{name: kube.APIServer, needs: []string{kube.Etcd}, component: component.Kubernetes, start: (*cluster).startAPIServer},
		{name: kube.ControllerManager, needs: []string{kube.APIServer}, component: component.Kubernetes, start: (*cluster).startControllerManager},
		{name: kube.Scheduler, needs: []string{kube.APIServer}, component: component.Kubernetes, start: (*cluster).startScheduler},
		{name: node.Containerd, packages: append(node.Needs(), node.ImageNeeds()...), start: (*cluster).startContainerd},
		{
			name: node.Kubelet, needs: []string{kube.APIServer, kube.ControllerManager, node.Containerd},
			component: component.Kubernetes, start: (*cluster).startKubelet,
		},
		{name: tekton.Controller, needs: []string{kube.APIServer}, component: component.Tekton, start: (*cluster).startTekton},
		{name: forge.Part, component: component.Gitea, packages: []debian.Need{git, compiler, headers}, start: (*cluster).startGitea},
		{name: bucket.Part, component: component.S3, start: (*cluster).startS3},
	}
}

// choose resolves a comma-separated list of parts, with "api" for the bare API server and "all" for everything, and adds what the
// chosen parts need.
func choose(list string) ([]part, error) {
	all := parts()
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		switch name = strings.TrimSpace(name); {
		case name == "all":
			return all, nil
		case name == "api":
			wanted[kube.APIServer] = true
		case slices.ContainsFunc(all, func(p part) bool { return p.name == name }):
			wanted[name] = true
		default:
			return nil, fmt.Errorf("choose parts: %q is none of api, all, %s", name, strings.Join(partNames(all), ", "))
		}
	}
	// Backwards, so that what a needed part needs is added too.
	for _, p := range slices.Backward(all) {
		if wanted[p.name] {
			for _, n := range p.needs {
				wanted[n] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(p part) bool { return !wanted[p.name] }), nil
}

func partNames(list []part) []string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.name
	}
	return names
}
