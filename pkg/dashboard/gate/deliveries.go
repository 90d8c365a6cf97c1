package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Subject reads what a delivery is about: a repository, and the number of a pull request or issue, 0 for none. It is false
// for one that is about no repository.
func Subject(d *v1alpha1.Delivery) (scm.PullRef, bool) {
	repo, err := access.RepoOf(d)
	if err != nil {
		return scm.PullRef{}, false
	}
	number, _ := strconv.Atoi(strings.TrimPrefix(d.Spec.Subject, repo.String()+"#")) // others have none
	return scm.PullRef{Repo: repo, Number: number}, true
}

// DeliveryFilter selects deliveries; empty fields select all.
type DeliveryFilter struct {
	Connection string
	// Repo is org/name, Pull needs it.
	Repo  string
	Pull  int
	Phase v1alpha1.DeliveryPhase
	// Before is the cursor of the page before.
	Before string
	Limit  int
}

func (f DeliveryFilter) matches(d *v1alpha1.Delivery, ref scm.PullRef) bool {
	return (f.Connection == "" || d.Spec.Connection == f.Connection) &&
		(f.Repo == "" || ref.FullName() == f.Repo) &&
		(f.Pull == 0 || ref.Number == f.Pull) &&
		(f.Phase == "" || cmp.Or(d.Status.Phase, v1alpha1.DeliveryPending) == f.Phase)
}

// Deliveries lists one page, newest first. What is about no repository is nobody's. Next is the cursor of the following
// page, empty on the last.
func (g *Gate) Deliveries(ctx context.Context, f DeliveryFilter) (page []*v1alpha1.Delivery, next string, err error) {
	var list v1alpha1.DeliveryList
	if err := g.d.Cluster.List(ctx, &list, client.InNamespace(g.d.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	repos := map[scm.Repo]bool{}
	var found []*v1alpha1.Delivery
	for i := range list.Items {
		d := &list.Items[i]
		if ref, ok := Subject(d); ok && f.matches(d, ref) && (f.Before == "" || cursor(d) < f.Before) {
			found = append(found, d)
			repos[ref.Repo] = true
		}
	}
	found, err = g.readableDeliveries(ctx, found, repos)
	if err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	slices.SortFunc(found, func(a, b *v1alpha1.Delivery) int { return cmp.Compare(cursor(b), cursor(a)) })
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[:f.Limit]
		next = cursor(found[f.Limit-1])
	}
	return found, next, nil
}

func (g *Gate) readableDeliveries(ctx context.Context, all []*v1alpha1.Delivery, repos map[scm.Repo]bool) ([]*v1alpha1.Delivery, error) {
	asked := make([]scm.Repo, 0, len(repos))
	for r := range repos {
		asked = append(asked, r)
	}
	seen, err := g.visibleOf(ctx, asked)
	return slices.DeleteFunc(all, func(d *v1alpha1.Delivery) bool {
		ref, _ := Subject(d)
		return !seen[ref.Repo]
	}), err
}

// cursor sorts deliveries by the time at which they came, then by name.
func cursor(d *v1alpha1.Delivery) string {
	return fmt.Sprintf("%020d-%s", max(0, d.Spec.ReceivedAt.UnixMicro()), d.Name)
}

// Delivery opens one delivery.
func (g *Gate) Delivery(ctx context.Context, name string) (*v1alpha1.Delivery, error) {
	d := &v1alpha1.Delivery{}
	err := g.d.Cluster.Get(ctx, client.ObjectKey{Namespace: g.d.Namespace, Name: name}, d)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("get delivery %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get delivery %s: %w", name, err)
	}
	ref, ok := Subject(d)
	if ok {
		ok, err = g.MayRead(ctx, ref.Repo)
	}
	if err != nil {
		return nil, fmt.Errorf("get delivery %s: %w", name, err)
	}
	if !ok {
		return nil, fmt.Errorf("get delivery %s: %w", name, ErrNotFound)
	}
	return d, nil
}

// Refusal is an action that the reader may not take.
type Refusal struct{ access.Verdict }

// Error implements error.
func (r *Refusal) Error() string { return cmp.Or(r.Reason, "you may not do this") }

// decide turns a verdict into an error.
func decide(v access.Verdict, err error) error {
	if err != nil {
		return err
	}
	if !v.Allowed {
		return &Refusal{v}
	}
	return nil
}

// MayReplay says whether the reader may replay a delivery.
func (g *Gate) MayReplay(ctx context.Context, d *v1alpha1.Delivery) (access.Verdict, error) {
	if d.Status.Phase != v1alpha1.DeliveryDead {
		return access.Verdict{Reason: "Only dead letters keep what came in, so only they can be replayed."}, nil
	}
	return g.d.Access.MayReplay(ctx, g.Viewer(ctx), d)
}

// Replay gives a dead letter its attempts again.
func (g *Gate) Replay(ctx context.Context, name string) error {
	d, err := g.Delivery(ctx, name)
	if err != nil {
		return err
	}
	if err := decide(g.MayReplay(ctx, d)); err != nil {
		return fmt.Errorf("replay delivery %s: %w", name, err)
	}
	return g.d.Actions.Replay(ctx, name)
}

// IsRefusal finds the refusal in an error.
func IsRefusal(err error) (*Refusal, bool) {
	var r *Refusal
	ok := errors.As(err, &r)
	return r, ok
}
