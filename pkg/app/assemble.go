package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/archive"
	"github.com/pharos-ci/pharos/pkg/artifacts"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/controller"
	"github.com/pharos-ci/pharos/pkg/dashboard"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/inbox"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/pipeline"
	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/rush"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/pkg/webhook"
)

// How long finished deliveries stay: the processed ones explain what happened, the dead ones still owe work.
const (
	keepProcessed = 7 * 24 * time.Hour
	keepDead      = 30 * 24 * time.Hour
	sweepEvery    = time.Hour
	clockEvery    = 10 * time.Second
)

// Ages of Prow's sinker where the configuration says nothing.
const (
	defaultJobAge = 7 * 24 * time.Hour
	defaultRunAge = 24 * time.Hour
)

// server is everything that the parts share.
type server struct {
	Options
	manager.Manager
	config *config.Watcher
	rest   *rest.Config
	forges *forges
	store  storage.Store
	source kubelet.Source
	inbox  *inbox.Inbox
	chat   *chatops.Dispatcher
}

// assemble adds the chosen parts to the manager.
func (s *server) assemble(ctx context.Context) error {
	if err := s.share(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		add  func() error
	}{
		{partWebhook, s.addWebhook},
		{partController, s.addControllers},
		{partDashboard, s.addDashboard},
	} {
		if !s.runs(part.name) {
			continue
		}
		if err := part.add(); err != nil {
			return fmt.Errorf("set up %s: %w", part.name, err)
		}
	}
	return s.addReadiness()
}

// share makes what more than one part uses.
func (s *server) share(ctx context.Context) error {
	c := s.config.Current()
	var err error
	if s.forges, err = newForges(s.config.Current); err != nil {
		return err
	}
	if s.store, err = openStore(ctx, c.Storage); err != nil {
		return err
	}
	pods, err := kubernetes.NewForConfig(s.rest)
	if err != nil {
		return fmt.Errorf("open the cluster: %w", err)
	}
	source := kubelet.PodSource{Pods: pods.CoreV1()}
	if s.NodeLogs {
		source.Nodes = pods.CoreV1().RESTClient()
	}
	s.source = source
	s.inbox = inbox.New(s.GetClient(), c.ProwJobNamespace, blobs{s.store})
	s.chat = &chatops.Dispatcher{
		Plugins: plugins.All(plugins.Deps{
			Jobs:     func() *job.Set { return s.config.Current().Jobs },
			InRepo:   s.newInRepo(),
			Triggers: func(r scm.Repo) plugins.TriggerSettings { return s.config.Current().Plugins.Triggers(r) },
			Launcher: s.launcher(),
			BuildIDs: job.NewBuildIDs(time.Now),
		}),
		Enabled: func(r scm.Repo) []string { return s.config.Current().Plugins.Enabled(r) },
		Forges:  s.forges,
	}
	for _, collector := range slices.Concat(
		inbox.Collectors(), dashboard.Collectors(), controller.JobCollectors(), controller.ReportCollectors(), ship.Collectors(), artifacts.Collectors(),
		archive.Collectors(), history.Collectors(), login.Collectors(), access.Collectors(),
	) {
		if err := metrics.Registry.Register(collector); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	s.config.OnChange(func(*config.Config) { s.forges.changed() })
	return s.addAll(s.config, s.forges)
}

func (s *server) launcher() *launcher {
	return &launcher{client: s.GetClient(), live: s.GetAPIReader(), namespace: s.config.Current().ProwJobNamespace, podsIn: func() string { return s.config.Current().PodNamespace }}
}

func (s *server) addAll(runnables ...manager.Runnable) error {
	for _, r := range runnables {
		if err := s.Add(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) addWebhook() error {
	handler := webhook.NewHandler(webhook.Options{Connections: s.forges, Inbox: s.inbox, Wants: s.chat.Wants})
	return s.Add(&webhook.Server{HTTP: webhook.NewServer(s.WebhookAddress, handler)})
}

func (s *server) addControllers() error {
	c := s.config.Current()
	starting := &rush.Rush{}
	worker := inbox.NewWorker(s.inbox, s.GetCache(), s.chat)
	worker.Rush = starting
	for _, r := range []interface {
		SetupWithManager(manager.Manager) error
	}{
		worker,
		controller.NewJob(s.GetClient(), controller.JobOptions{Pipeline: pipeline.Options{Image: s.Image, ArtifactsURL: s.ArtifactsURL}, RunURL: s.runURL, Rush: starting}),
		controller.NewLogs(controller.LogsOptions{
			Client: s.GetClient(), API: s.GetAPIReader(), Store: s.store, Source: s.source, Layout: layout(c),
			Spool: filepath.Join(cacheDir(s.CacheDir), "spool"), SpoolLimit: c.Storage.SpoolBytes(), Compress: c.Storage.Compression == config.CompressionGzip,
		}),
		controller.NewReport(s.GetClient(), s.forges, controller.ReportOptions{}),
	} {
		if err := r.SetupWithManager(s.Manager); err != nil {
			return err
		}
	}
	if err := errors.Join(s.addCatchUp(), s.addArtifacts()); err != nil {
		return err
	}
	return s.addAll(
		&controller.Periodic{
			Client: s.GetCache(), Namespace: c.ProwJobNamespace, Every: clockEvery, BuildIDs: job.NewBuildIDs(time.Now),
			Jobs:       func() []*job.Periodic { return s.config.Current().Jobs.Periodics() },
			Connection: func() string { return s.config.Current().DefaultConnection() },
			Launch:     s.launcher().Launch,
		},
		s.retention(c.ProwJobNamespace),
		&inbox.Expiry{Client: s.GetClient(), Namespace: c.ProwJobNamespace, Processed: keepProcessed, Dead: keepDead, Every: sweepEvery},
		&controller.GC{
			Client: s.GetClient(), Namespace: c.ProwJobNamespace, Every: sweepEvery,
			JobAge: func() time.Duration { return cmp.Or(s.config.Current().Sinker.MaxProwJobAge.Duration, defaultJobAge) },
			RunAge: func() time.Duration { return cmp.Or(s.config.Current().Sinker.MaxPodAge.Duration, defaultRunAge) },
			OnClock: func(name string) bool {
				return slices.ContainsFunc(s.config.Current().Jobs.Periodics(), func(p *job.Periodic) bool { return p.Name == name })
			},
		})
}

// runURL is the page that a status links to. Prow's job_url_prefix ends where its pages of logs begin, which is below the
// dashboard's own address.
func (s *server) runURL(pj *v1alpha1.PipelineJob) string {
	base := s.DashboardURL
	if base == "" && pj.Spec.Refs != nil {
		repo := scm.Repo{Connection: pj.Spec.Connection, Org: pj.Spec.Refs.Org, Name: pj.Spec.Refs.Repo}
		base = strings.TrimSuffix(s.config.Current().JobURLPrefix(repo), "/view")
	}
	return base + "/runs/" + pj.Name
}

// addReadiness answers /readyz once the caches are filled, which is when runnables start.
func (s *server) addReadiness() error {
	var ready atomic.Bool
	err := s.AddMetricsServerExtraHandler("/readyz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "the caches are still being filled", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	}))
	if err != nil {
		return fmt.Errorf("add /readyz: %w", err)
	}
	return s.Add(everywhere(func(ctx context.Context) error {
		ready.Store(true)
		<-ctx.Done()
		ready.Store(false)
		return nil
	}))
}

// everywhere is a runnable that does not wait for leadership.
type everywhere func(context.Context) error

// Start implements manager.Runnable.
func (f everywhere) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everywhere) NeedLeaderElection() bool { return false }
