package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/zapr"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/controller"
)

// drain is how long requests and reconciles that have begun may take after SIGTERM. Kubernetes kills after 30 s unless told
// otherwise.
const drain = 25 * time.Second

// leaderID names the lease in the namespace of the PipelineJobs.
const leaderID = "pharos-leader"

// Serve runs the chosen parts until ctx ends, then drains.
func Serve(ctx context.Context, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	FrugalMemory()
	o.Config.Lenient = true // Prow read unknown keys too; `pharos check` calls them errors
	watcher, err := config.NewWatcher(o.Config)
	if err != nil {
		return err
	}
	logger, err := newLogger(cmp.Or(o.LogLevel, watcher.Current().LogLevel))
	if err != nil {
		return err
	}
	log.SetLogger(zapr.NewLogger(logger))
	ctx = log.IntoContext(ctx, log.Log)
	cfg, err := restConfig(o.Kubeconfig)
	if err != nil {
		return err
	}
	s := &server{Options: o, config: watcher, rest: cfg}
	if s.Manager, err = newManager(cfg, o, watcher.Current()); err != nil {
		return err
	}
	if err := s.assemble(ctx); err != nil {
		return err
	}
	log.Log.Info("starting", "version", o.Version, "parts", o.Only, "namespace", watcher.Current().ProwJobNamespace)
	return s.Manager.Start(ctx)
}

// gcPercent lets the heap grow by half of what is in use before garbage is collected, since most of it are buffers of logs.
const gcPercent = 50

// FrugalMemory is how the server uses memory, unless GOGC or GOMEMLIMIT say otherwise.
func FrugalMemory() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// newLogger writes JSON to standard error. Repeated lines are not sampled away: each is an event that somebody may look for.
func newLogger(level string) (*zap.Logger, error) {
	if own, ok := map[string]string{"trace": "debug", "warning": "warn"}[level]; ok { // Prow's names
		level = own
	}
	l, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("set log level: %w", err)
	}
	c := zap.NewProductionConfig()
	c.Level, c.Sampling, c.DisableStacktrace = zap.NewAtomicLevelAt(l), nil, true
	c.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	return c.Build()
}

func newScheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme, pipelinev1.AddToScheme} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("register types: %w", err)
		}
	}
	return s, nil
}

// newManager starts, elects, drains and stops everything else. Its cache holds Pharos's own objects, and of others only
// what carries Pharos's label.
func newManager(cfg *rest.Config, o Options, c *config.Config) (manager.Manager, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	wait := drain
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme,
		Cache:  cache.Options{ByObject: cached(c), DefaultTransform: cache.TransformStripManagedFields()},
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
		Metrics: metricsserver.Options{
			BindAddress:   o.MetricsAddress,
			ExtraHandlers: map[string]http.Handler{"/healthz": ok},
		},
		HealthProbeBindAddress:        "0",
		PprofBindAddress:              o.PprofAddress,
		LeaderElection:                o.LeaderElect && o.runs(partController),
		LeaderElectionID:              leaderID,
		LeaderElectionNamespace:       c.ProwJobNamespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &wait,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the manager: %w", err)
	}
	return mgr, nil
}

// cached limits each informer to the namespaces that Pharos works in, as the configuration names them at the start.
func cached(c *config.Config) map[client.Object]cache.ByObject {
	own := map[string]cache.Config{c.ProwJobNamespace: {}}
	by := map[client.Object]cache.ByObject{
		&v1alpha1.Delivery{}:    {Namespaces: own},
		&v1alpha1.PipelineJob{}: {Namespaces: own},
	}
	work := workNamespaces(c)
	for _, settings := range []map[client.Object]cache.ByObject{controller.JobCache(), controller.PodCache()} {
		for object, setting := range settings {
			setting.Namespaces = work
			by[object] = setting
		}
	}
	return by
}

// workNamespaces are where PipelineRuns may be: pod_namespace, and what single jobs name instead.
func workNamespaces(c *config.Config) map[string]cache.Config {
	all := map[string]cache.Config{c.ProwJobNamespace: {}, c.PodNamespace: {}}
	for _, repo := range c.Jobs.Repos() {
		for _, p := range c.Jobs.Presubmits(repo) {
			all[p.Namespace] = cache.Config{}
		}
		for _, p := range c.Jobs.Postsubmits(repo) {
			all[p.Namespace] = cache.Config{}
		}
	}
	delete(all, "")
	return all
}
