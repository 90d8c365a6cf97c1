package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/go-logr/logr"
	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// StateVariable names the environment variable that holds the path of the local cluster's state file.
const StateVariable = "PHAROS_CLUSTER_STATE"

// Cluster is where the parts of a running local cluster are, as `cluster up` wrote it down.
type Cluster struct {
	Root       string `json:"root"`
	Kubeconfig string `json:"kubeconfig"`
	Gitea      struct {
		URL           string `json:"url"`
		AdminUser     string `json:"adminUser"`
		AdminPassword string `json:"adminPassword"`
		AdminToken    string `json:"adminToken"`
	} `json:"gitea"`
	S3 struct {
		Endpoint  string `json:"endpoint"`
		Region    string `json:"region"`
		AccessKey string `json:"accessKey"`
		SecretKey string `json:"secretKey"`
	} `json:"s3"`
	// Parts are the processes as they were when the cluster was started.
	Parts map[string]struct {
		PID int `json:"pid"`
	} `json:"parts"`
}

// LoadCluster reads the state file that the environment names.
func LoadCluster() (*Cluster, error) {
	path := os.Getenv(StateVariable)
	if path == "" {
		return nil, errors.New(StateVariable + " is not set: run the tests through make, which starts the local cluster")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read cluster state: %w", err)
	}
	var c Cluster
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("read cluster state %s: %w", path, err)
	}
	return &c, nil
}

// Stop and Start take one part of the cluster ("gitea", "s3") away and bring it back with its data, on the same address.
func (c *Cluster) Stop(part string) error { return c.control("stop", part) }

// Start is the counterpart of Stop.
func (c *Cluster) Start(part string) error { return c.control("start", part) }

func (c *Cluster) control(verb, part string) error {
	out, err := exec.Command(filepath.Join(Root(), "bin", "cluster"), verb, part, "--root", c.Root).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", verb, part, err, out)
	}
	return nil
}

// Scheme knows every type that tests read.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, tektonv1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // a type registered twice: the program is wrong
		}
	}
	return s
}

// Client talks to the cluster's API server as its administrator.
func (c *Cluster) Client() (client.Client, error) {
	log.SetLogger(logr.Discard()) // errors reach the caller; controller-runtime complains when nobody says so
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	cfg.QPS = -1 // the API server's own fairness limits are enough
	return client.New(cfg, client.Options{Scheme: Scheme()})
}

// Root is the project's top folder.
func Root() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "pkg", "doc.go")); err == nil {
			return dir
		}
	}
	panic("the tests run outside the project")
}
