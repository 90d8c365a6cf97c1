package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/pharos-ci/pharos/pkg/config"
)

// Parts that can run in processes of their own.
const (
	partWebhook    = "webhook"
	partController = "controller"
	partDashboard  = "dashboard"
)

var parts = []string{partWebhook, partController, partDashboard}

// Options of the server, one for each flag of `pharos serve`.
type Options struct {
	Version    string
	Config     config.Paths
	Kubeconfig string
	// Only names the parts to run; empty means all.
	Only                                             []string
	WebhookAddress, DashboardAddress, MetricsAddress string
	// PprofAddress serves profiles; empty means none.
	PprofAddress string
	// DashboardURL is what statuses link to; empty means what the configuration says.
	DashboardURL string
	// WebhookURL is where the forges reach Pharos; with it, failed deliveries are asked for after a downtime.
	WebhookURL string
	// CacheDir holds what can be fetched again, such as mirrors of repositories; empty means the user's own cache folder.
	CacheDir string
	// Image of Pharos, for the clone step.
	Image string
	// ArtifactsAddress takes the files of runs; ArtifactsURL is how their pods reach it, empty for no uploads.
	ArtifactsAddress string
	ArtifactsURL     string
	// NodeLogs reads what kubelets rotated away while nobody followed, see [kubelet.PodSource].
	NodeLogs    bool
	LeaderElect bool
	LogLevel    string
}

func (o *Options) validate() error {
	for _, p := range o.Only {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("--only=%s: there is no such part; use one of %s", p, strings.Join(parts, ", "))
		}
	}
	o.DashboardURL = strings.TrimRight(o.DashboardURL, "/")
	o.WebhookURL = strings.TrimRight(o.WebhookURL, "/")
	o.ArtifactsURL = strings.TrimRight(o.ArtifactsURL, "/")
	if u, err := url.Parse(o.ArtifactsURL); err != nil || o.ArtifactsURL != "" && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--artifacts-url=%s: write an address that pods can reach, like http://pharos.pharos.svc:8083", o.ArtifactsURL)
	}
	return nil
}

func (o *Options) runs(part string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, part) }

// restConfig finds the cluster: the named kubeconfig, else the pod's own, else the usual places.
func restConfig(kubeconfig string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	cfg.UserAgent = "pharos"
	cfg.QPS = -1 // the API server's priority and fairness is the better judge of how much is too much
	return cfg, nil
}
