package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Names of the people on every site.
const (
	Bot      = "pharos-bot"
	Member   = "alice"
	Outsider = "mallory"
)

// Site is one team's corner of the shared cluster: an organisation with a repository on a forge, a namespace, a bucket and
// a Pharos that serves nothing else.
type Site struct {
	Cluster   *Cluster
	Forge     Forge
	Kube      client.Client
	Bucket    *Bucket
	Pharos    *Pharos
	Recorder  *Recorder
	Namespace string
	Org, Repo string
	Secret    string
	ConfigDir string
	// Store is the gate in front of the S3 server that this site's Pharos goes through.
	Store *Gate
}

// SiteOptions describe a site.
type SiteOptions struct {
	// Forge is where the organisation is; nil means the cluster's Gitea.
	Forge Forge
	// Others are further forges by the names of their connections, each with an organisation and a repository of the same
	// names; the first is called main.
	Others map[string]Forge
	// Name is unique in the cluster: namespace and bucket are called so, and the organisation where Org says nothing else.
	Name, Org string
	// Jobs is the part of config.yaml that holds presubmits and postsubmits; the verb %[1]s stands for "org/repo".
	Jobs string
	// Files of the repository's main branch.
	Files map[string]string
	// Image runs the clone step.
	Image  string
	Output io.Writer
	// Dir holds the site's configuration; empty is the system's folder for temporary files.
	Dir string
	// Kubeconfig replaces the local cluster's own.
	Kubeconfig string
	// Args are further arguments of serve.
	Args []string
	// Storage is added to the storage stanza, line by line, indented by two spaces.
	Storage string
	// Login lets people log in to the dashboard with their accounts on the forge, which is the cluster's Gitea then.
	Login bool
	// Fill puts what shall be there before Pharos starts.
	Fill func(ctx context.Context, s *Site) error
}

// NewSite prepares everything and starts Pharos.
func NewSite(ctx context.Context, c *Cluster, o SiteOptions) (*Site, error) {
	s := &Site{Cluster: c, Namespace: o.Name, Repo: "app", Secret: "secret-of-" + o.Name}
	for _, step := range []func(context.Context, SiteOptions) error{
		s.prepareKube, s.prepareForge, s.prepareBucket, s.preparePharos, s.writeConfig, s.fill,
	} {
		if err := step(ctx, o); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := s.Pharos.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops Pharos and removes the namespace with its pods.
func (s *Site) Close() error {
	var failures []error
	if s.Pharos != nil {
		failures = append(failures, s.Pharos.Stop())
	}
	if s.Recorder != nil {
		s.Recorder.Close()
	}
	if s.Store != nil {
		s.Store.Shut()
	}
	if s.Kube != nil {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.Namespace}}
		failures = append(failures, client.IgnoreNotFound(s.Kube.Delete(context.Background(), ns)))
	}
	if s.ConfigDir != "" {
		failures = append(failures, os.RemoveAll(s.ConfigDir))
	}
	return errors.Join(failures...)
}

func (s *Site) prepareKube(ctx context.Context, o SiteOptions) error {
	var err error
	if o.Kubeconfig != "" {
		s.Cluster.Kubeconfig = o.Kubeconfig
	}
	if s.Kube, err = s.Cluster.Client(); err != nil {
		return err
	}
	if err := InstallCRDs(ctx, s.Kube); err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.Namespace}}
	if err := s.Kube.Create(ctx, ns); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %s: %w", s.Namespace, err)
	}
	return nil
}

func (s *Site) prepareForge(_ context.Context, o SiteOptions) error {
	if s.Forge = o.Forge; s.Forge == nil {
		g, err := OpenGitea(s.Cluster)
		if err != nil {
			return err
		}
		s.Forge = g
	}
	s.Org = s.Forge.OrgName(cmp.Or(o.Org, o.Name))
	errs := []error{s.Forge.Prepare(s.Org, s.Repo, o.Files)}
	for _, other := range o.Others {
		errs = append(errs, other.Prepare(s.Org, s.Repo, o.Files))
	}
	return errors.Join(errs...)
}

func (s *Site) prepareBucket(ctx context.Context, o SiteOptions) error {
	var err error
	if s.Bucket, err = CreateBucket(ctx, s.Cluster, o.Name); err != nil {
		return err
	}
	u, err := url.Parse(s.Cluster.S3.Endpoint)
	if err != nil {
		return fmt.Errorf("read the S3 server's address: %w", err)
	}
	s.Store, err = OpenGate(u.Host)
	return err
}

func (s *Site) writeConfig(ctx context.Context, o SiteOptions) error {
	token, err := s.Forge.BotToken(ctx, o.Name)
	if err != nil {
		return err
	}
	others, err := s.writeOthers(ctx, o)
	if err != nil {
		return err
	}
	login, err := s.writeLogin(o)
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"token": token, "hook-secret": s.Secret,
		"s3-access-key": s.Cluster.S3.AccessKey, "s3-secret-key": s.Cluster.S3.SecretKey,
		"config.yaml":  s.head(login, others, o.Storage) + fmt.Sprintf(o.Jobs, s.Org+"/"+s.Repo),
		"plugins.yaml": s.plugins(o),
	} {
		if err := os.WriteFile(filepath.Join(s.ConfigDir, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("write the site's configuration: %w", err)
		}
	}
	return nil
}

// plugins are the same everywhere.
func (s *Site) plugins(o SiteOptions) string {
	text := fmt.Sprintf("plugins:\n  %s:\n    plugins: [trigger]\n", s.Org)
	for name := range o.Others {
		text += fmt.Sprintf("  %q:\n    plugins: [trigger]\n", name+":"+s.Org)
	}
	return text
}

// writeOthers writes the tokens of the further forges and gives their part of the configuration.
func (s *Site) writeOthers(ctx context.Context, o SiteOptions) (string, error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.Others)) {
		forge := o.Others[name]
		token, err := forge.BotToken(ctx, o.Name)
		if err != nil {
			return "", err
		}
		for file, content := range map[string]string{"token-" + name: token, "hook-secret-" + name: s.Secret + name} {
			if err := os.WriteFile(filepath.Join(s.ConfigDir, file), []byte(content), 0o600); err != nil {
				return "", fmt.Errorf("write the site's configuration: %w", err)
			}
		}
		b.WriteString(connection(name, forge, "token-"+name, "hook-secret-"+name, ""))
	}
	return b.String(), nil
}

func connection(name string, forge Forge, token, secret, login string) string {
	return fmt.Sprintf("- {name: %s, kind: %s, url: %q, bot: %q, token_file: %s, webhook_secret_files: [%s]%s}\n",
		name, forge.Kind(), forge.Address(), forge.BotName(), token, secret, login)
}

func (s *Site) head(login, others, storage string) string {
	dashboard := ""
	if login != "" {
		dashboard = "dashboard: {cookie_key_file: " + cookieKey + "}\n"
	}
	return dashboard + fmt.Sprintf(`connections:
%sstorage:
  url: s3://%s
  endpoint: %s
  region: %s
  path_style: true
  access_key_file: s3-access-key
  secret_key_file: s3-secret-key
%[6]sprowjob_namespace: %[5]s
pod_namespace: %[5]s
`, connection("main", s.Forge, "token", "hook-secret", login)+others, s.Bucket.Name, "http://"+s.Store.Address, s.Cluster.S3.Region, s.Namespace, storage)
}

func (s *Site) preparePharos(_ context.Context, o SiteOptions) error {
	var err error
	if s.ConfigDir, err = os.MkdirTemp(o.Dir, "pharos-site-"); err != nil {
		return fmt.Errorf("create the site's folder: %w", err)
	}
	s.Pharos, err = NewPharos(Options{
		Kubeconfig: s.Cluster.Kubeconfig, ConfigDir: s.ConfigDir, Image: o.Image, Output: o.Output,
		Args: append([]string{"--leader-elect=false"}, o.Args...),
	})
	if err != nil {
		return err
	}
	if s.Recorder, err = NewRecorder(s.Pharos.WebhookURL, drivers[s.Forge.Kind()], s.Secret); err != nil {
		return err
	}
	errs := []error{s.Forge.Hook(s.Org, s.Repo, s.Recorder.URL+"/hook/main", s.Secret)}
	for name, other := range o.Others {
		errs = append(errs, other.Hook(s.Org, s.Repo, s.Pharos.WebhookURL+"/hook/"+name, s.Secret+name))
	}
	return errors.Join(errs...)
}

func (s *Site) fill(ctx context.Context, o SiteOptions) error {
	if o.Fill == nil {
		return nil
	}
	return o.Fill(ctx, s)
}

// Door is a Pharos that stands in for the site's own, at the same addresses, and does nothing but take webhooks.
func (s *Site) Door() *Pharos { return s.Pharos.with("--only=webhook") }

// Jobs are the PipelineJobs of a job name, oldest first; an empty name means all.
func (s *Site) Jobs(ctx context.Context, name string) ([]v1alpha1.PipelineJob, error) {
	var list v1alpha1.PipelineJobList
	if err := s.Kube.List(ctx, &list, client.InNamespace(s.Namespace)); err != nil {
		return nil, fmt.Errorf("list pipeline jobs: %w", err)
	}
	var jobs []v1alpha1.PipelineJob
	for _, j := range list.Items {
		if name == "" || j.Spec.Job == name {
			jobs = append(jobs, j)
		}
	}
	sortJobs(jobs)
	return jobs, nil
}

// PipelineRuns of the site.
func (s *Site) PipelineRuns(ctx context.Context) ([]tektonv1.PipelineRun, error) {
	var list tektonv1.PipelineRunList
	err := s.Kube.List(ctx, &list, client.InNamespace(s.Namespace))
	return list.Items, err
}

// CountRuns is the number of PipelineRuns of the site. It asks for one and for how many there are beyond it, so that
// waiting for many costs the API server little.
func (s *Site) CountRuns(ctx context.Context) (int, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(tektonv1.SchemeGroupVersion.WithKind("PipelineRunList"))
	if err := s.Kube.List(ctx, list, client.InNamespace(s.Namespace), client.Limit(1)); err != nil {
		return 0, fmt.Errorf("count pipeline runs: %w", err)
	}
	n := len(list.Items)
	if list.RemainingItemCount != nil {
		n += int(*list.RemainingItemCount)
	}
	return n, nil
}

// WaitJob waits until the newest run of a job is in a state, and returns it.
func (s *Site) WaitJob(ctx context.Context, job string, state v1alpha1.JobState, runs int) (*v1alpha1.PipelineJob, error) {
	var found *v1alpha1.PipelineJob
	err := Until(ctx, 3*time.Minute, fmt.Sprintf("run %d of %s to be %s", runs, job, state), func() (bool, string) {
		jobs, err := s.Jobs(ctx, job)
		if err != nil {
			return false, err.Error()
		}
		if len(jobs) < runs {
			return false, fmt.Sprintf("%d runs", len(jobs))
		}
		found = &jobs[runs-1]
		return found.Status.State == state, fmt.Sprintf("%s: %s", found.Status.State, found.Status.Description)
	})
	return found, err
}
