// Package component builds the programs of the local cluster from Go modules, once, into a cache folder.
//
// Each component is a Go module at a pinned version whose checksum is verified. The modules build in place, inside the module cache, so
// that their own go.mod with its replacements applies. Nothing here starts a program.
package component

import "fmt"

// Component is one module and the programs built from it.
type Component struct {
	Name    string
	Version string
	// Module is the module path; Sum its expected checksum. Both are empty when Source says where the code is.
	Module string
	Sum    string
	// Source is a folder inside this module's source tree, for a component with code of ours.
	Source string
	// Packages are built into Binary, or each into a program of its own name when Binary is empty.
	Packages []string
	Binary   string
	Flags    []string
	Env      []string
	// Keep names folders of the source that go along with the programs, so that these need no module cache to run.
	Keep []string
	// Links are further names of Binary, for a multi-call program.
	Links []string
}

// Names of the components.
const (
	Kubernetes = "kubernetes"
	Tekton     = "tekton"
	Gitea      = "gitea"
	S3         = "s3"
)

const kubernetesVersion = "v1.35.4"

// Table holds all components, the slowest build first.
func Table() []Component {
	return []Component{
		{
			Name:     Kubernetes,
			Version:  kubernetesVersion,
			Source:   "kubernetes",
			Packages: []string{"."},
			Binary:   "kubernetes",
			// Tekton refuses a server whose version is not a semantic one, and a plain `go build` leaves a placeholder.
			Flags: []string{"-ldflags", "-s -w -X k8s.io/component-base/version.gitVersion=" + kubernetesVersion +
				" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35"},
			Links: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"},
		},
		{
			Name:     Tekton,
			Version:  "v1.15.0",
			Module:   "github.com/tektoncd/pipeline",
			Sum:      "h1:ZGboFUaEdpYurZWqeGT5rn9e6qmomGL/gLSKhHp2vvQ=",
			Packages: []string{"./cmd/controller", "./cmd/entrypoint", "./cmd/nop", "./cmd/workingdirinit", "./cmd/sidecarlogresults"},
			Flags:    []string{"-ldflags", "-s -w"},
			Env:      []string{"CGO_ENABLED=0"}, // these run inside images that hold nothing else
			Keep:     []string{"config"},
		},
		{
			Name:     Gitea,
			Version:  "v1.26.0",
			Module:   "code.gitea.io/gitea",
			Sum:      "h1:fJP9dqLbzKrKWUVnCVTfVersZdVDuyJQLEDzCAOmKKA=",
			Packages: []string{"."},
			Binary:   "gitea",
			Flags:    []string{"-ldflags", "-s -w -X main.Version=1.26.0", "-tags", "sqlite sqlite_unlock_notify"},
			Keep:     []string{"options", "public", "templates"},
		},
		{
			Name:     S3,
			Version:  "v1.8.0",
			Module:   "github.com/versity/versitygw",
			Sum:      "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=",
			Packages: []string{"./cmd/versitygw"},
			Binary:   "versitygw",
			Flags:    []string{"-ldflags", "-s -w"},
		},
	}
}

// Find returns the component called name.
func Find(name string) (Component, error) {
	for _, c := range Table() {
		if c.Name == name {
			return c, nil
		}
	}
	return Component{}, fmt.Errorf("find component %q: unknown", name)
}
