package gate

import (
	"context"
	"errors"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// ErrNotFound is the answer for what does not exist, and for what the reader may not see: nobody can tell the two apart.
var ErrNotFound = errors.New("not found")

// Access knows what somebody may read and do; a nil user is nobody in particular. [access.Access] is one.
type Access interface {
	// Visible are those of the repositories that a user may read, in any order. It is asked for each answer and remembers
	// what forges said.
	Visible(ctx context.Context, user *login.User, repos []scm.Repo) ([]scm.Repo, error)
	MayRerun(ctx context.Context, user *login.User, run *v1alpha1.PipelineJob) (access.Verdict, error)
	MayAbort(ctx context.Context, user *login.User, run *v1alpha1.PipelineJob) (access.Verdict, error)
	MayReplay(ctx context.Context, user *login.User, delivery *v1alpha1.Delivery) (access.Verdict, error)
}

var _ Access = (*access.Access)(nil)

// Actions change things. Each is called only after Access allowed it.
type Actions interface {
	// Rerun starts a run of the same job on the same commits, and returns its name.
	Rerun(ctx context.Context, of *v1alpha1.PipelineJob, mode RerunMode, by *login.User) (string, error)
	// Abort asks a run to stop; one that is over is [ErrOver].
	Abort(ctx context.Context, run *v1alpha1.PipelineJob, reason string) error
	// Replay gives a dead letter its attempts again.
	Replay(ctx context.Context, delivery string) error
}

// RerunMode is which of a job's configurations another run has.
type RerunMode string

// The modes, as Prow calls them.
const (
	RerunOriginal RerunMode = "original" // as it was when it ran
	RerunLatest   RerunMode = "latest"   // as it is now
)

// ErrOver is an action on something that is finished.
var ErrOver = errors.New("it is finished")

// Setup is what is configured at the moment. It must not be changed.
type Setup struct {
	// Revision changes with the content of the files.
	Revision          string
	DefaultConnection string
	Warnings          []Finding
	// Refused are the mistakes for which changed files are not used; what was loaded before stays in use.
	Refused []Finding
	// Files as loaded. They hold names of files with secrets, never secrets.
	Files []File
	Jobs  *job.Set
	// Repos are those that the files name; jobs' own need not be among them.
	Repos []scm.Repo
	// Plugins are all that exist; Enabled names those of a repository.
	Plugins []chatops.Plugin
	Enabled func(scm.Repo) []string
	// ErrorPatterns are regular expressions for "first error".
	ErrorPatterns []string
}

// Finding is one thing that is wrong, or worth knowing, about the configuration.
type Finding struct {
	// Place is "file:line:column", or the file alone; empty where it is no one file's.
	Place, Message, Remedy string
}

// File is one file of the configuration.
type File struct{ Name, Text string }

// Deps are what a gate reads from. None may be nil.
type Deps struct {
	// Cluster reads PipelineJobs and Deliveries of Namespace; use a cache.
	Cluster   client.Reader
	Namespace string
	// Live reads whole PipelineRuns, TaskRuns and events; caches that leave parts out will not do.
	Live    client.Reader
	History History
	Logs    Logs
	Store   storage.Store
	Layout  logs.Layout
	Access  Access
	// Who says who sends a request; nil is nobody in particular.
	Who     func(r *http.Request) *login.User
	Actions Actions
	Setup   func() Setup
}
