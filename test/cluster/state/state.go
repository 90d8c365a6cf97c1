// Package state describes a running local cluster to those who use it: tests, the demo and people.
//
// The cluster command writes one Cluster as <root>/cluster.json after everything asked for is ready, and rewrites it when a part is
// stopped or started. Readers need nothing else: no environment, no fixed ports. A section is absent when its part does not run.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is the name of the state file inside the cluster's root folder.
const File = "cluster.json"

// ErrNone tells that no cluster was brought up at the given root.
var ErrNone = errors.New("no cluster is up at this root")

// Cluster is the content of the state file.
type Cluster struct {
	// Root is the folder that holds everything of this cluster but the build cache.
	Root string `json:"root"`
	// Kubeconfig is the path of a kubeconfig with full rights (client certificate).
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// APIServer is the base URL, https://127.0.0.1:PORT.
	APIServer string `json:"apiServer,omitempty"`
	Gitea     *Gitea `json:"gitea,omitempty"`
	S3        *S3    `json:"s3,omitempty"`
	// ContainerdSocket is where this cluster's own containerd listens.
	ContainerdSocket string `json:"containerdSocket,omitempty"`
	// Parts are the processes, by part name (etcd, apiserver, ... s3).
	Parts map[string]Part `json:"parts"`
}

// Gitea is the forge and its administrator.
type Gitea struct {
	URL           string `json:"url"`
	AdminUser     string `json:"adminUser"`
	AdminPassword string `json:"adminPassword"`
	// AdminToken is a Gitea access token with every scope.
	AdminToken string `json:"adminToken"`
}

// S3 is the object store; it starts without buckets.
type S3 struct {
	Endpoint  string `json:"endpoint"`
	Region    string `json:"region"`
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

// Part is one process.
type Part struct {
	// PID is 0 when the part is stopped.
	PID int `json:"pid"`
	// Running is what was seen when this was written; only `cluster status` looks afresh.
	Running bool `json:"running"`
	// Log is the file that gets the process's standard output and error.
	Log string `json:"log"`
}

// Read loads the state of the cluster at root. It returns ErrNone when there is none.
func Read(root string) (Cluster, error) {
	var c Cluster
	data, err := os.ReadFile(filepath.Join(root, File))
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("read %s in %s: %w", File, root, ErrNone)
	}
	if err != nil {
		return c, fmt.Errorf("read cluster state: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("parse cluster state in %s: %w", root, err)
	}
	return c, nil
}

// Write stores c in its root. A reader sees the old content or the new, never a half.
func Write(c Cluster) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode cluster state: %w", err)
	}
	return Replace(filepath.Join(c.Root, File), append(data, '\n'))
}

// Replace writes data to path by way of a temporary file in the same folder. The file holds secrets, so only its owner may read it.
func Replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("create temporary file for %s: %w", path, err)
	}
	// After a successful rename there is nothing left to remove.
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", tmp.Name(), err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	return nil
}
