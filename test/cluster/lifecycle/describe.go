package lifecycle

import (
	"errors"

	"github.com/pharos-ci/pharos/test/cluster/bucket"
	"github.com/pharos-ci/pharos/test/cluster/forge"
	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/node"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// Status looks at the instance at root as it is now. It changes nothing. A root without an instance gives state.ErrNone.
func Status(root string) (state.Cluster, error) {
	in, err := instance.Open(root)
	if err != nil {
		return state.Cluster{}, err
	}
	return describe(in)
}

func describe(in *instance.Instance) (state.Cluster, error) {
	c := state.Cluster{Root: in.Root, Parts: map[string]state.Part{}}
	for name, id := range in.Processes() {
		p := state.Part{Log: in.Log(name)}
		if id.Alive() {
			p.PID, p.Running = id.PID, true
		}
		c.Parts[name] = p
	}
	var giteaErr, s3Err, apiErr error
	if _, ok := c.Parts[forge.Part]; ok {
		c.Gitea, giteaErr = forge.Describe(in)
	}
	if _, ok := c.Parts[bucket.Part]; ok {
		c.S3, s3Err = bucket.Describe(in)
	}
	if _, ok := c.Parts[node.Containerd]; ok {
		c.ContainerdSocket = node.Socket(in)
	}
	if _, ok := c.Parts[kube.APIServer]; ok {
		var addr string
		addr, apiErr = in.Address(kube.APIServer)
		c.APIServer, c.Kubeconfig = "https://"+addr, kube.AdminKubeconfig(in)
	}
	return c, errors.Join(giteaErr, s3Err, apiErr)
}
