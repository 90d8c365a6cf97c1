package gate

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Gate reads for whoever asks. It is safe for concurrent use.
type Gate struct{ d Deps }

// New makes a gate; it does no I/O.
func New(d Deps) *Gate { return &Gate{d} }

type viewerKey struct{}

// Admit notes in a request who sends it. Handlers behind it may use the gate; without it the reader is anonymous.
func (g *Gate) Admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), viewerKey{}, g.d.Who(r))))
	})
}

// Viewer is who asks; nil is nobody in particular.
func (g *Gate) Viewer(ctx context.Context) *login.User {
	user, _ := ctx.Value(viewerKey{}).(*login.User)
	return user
}

// MayRead says whether the reader may read every one of the repositories. Where a forge does not say, the error is an
// [access.UndecidedError].
func (g *Gate) MayRead(ctx context.Context, repos ...scm.Repo) (bool, error) {
	if len(repos) == 0 {
		return true, nil
	}
	seen, err := g.readable(ctx, repos)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(repos, func(r scm.Repo) bool { return !seen[r] }), nil
}

// readable are those of the repositories that the reader may read; with an error, those of which it is known.
func (g *Gate) readable(ctx context.Context, repos []scm.Repo) (map[scm.Repo]bool, error) {
	visible, err := g.d.Access.Visible(ctx, g.Viewer(ctx), repos)
	seen := make(map[scm.Repo]bool, len(visible))
	for _, r := range visible {
		seen[r] = true
	}
	if err != nil {
		return seen, fmt.Errorf("find out what may be read: %w", err)
	}
	return seen, nil
}

// Run opens a run: as the cluster has it, or else as history kept it.
func (g *Gate) Run(ctx context.Context, name string) (*Run, error) {
	pj, err := g.find(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("get run %s: %w", name, err)
	}
	return g.open(ctx, pj)
}

// open is the only way to a run.
func (g *Gate) open(ctx context.Context, pj *v1alpha1.PipelineJob) (*Run, error) {
	ok, err := g.MayRead(ctx, access.Repos(pj)...)
	if err != nil {
		return nil, fmt.Errorf("get run %s: %w", pj.Name, err)
	}
	if !ok {
		return nil, fmt.Errorf("get run %s: %w", pj.Name, ErrNotFound)
	}
	return &Run{gate: g, pj: pj}, nil
}

func (g *Gate) find(ctx context.Context, name string) (*v1alpha1.PipelineJob, error) {
	pj := &v1alpha1.PipelineJob{}
	err := g.d.Cluster.Get(ctx, client.ObjectKey{Namespace: g.d.Namespace, Name: name}, pj)
	if err == nil {
		return pj, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, err
	}
	return g.past(ctx, name)
}
