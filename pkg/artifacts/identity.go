package artifacts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	authv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Audience is what tokens for this door are made for; the API server takes them nowhere else.
const Audience = "pharos"

// Pod is whom a token belongs to.
type Pod struct {
	Namespace, Name, UID string
}

// errIdentity means that the sender is nobody we know.
var errIdentity = errors.New("the token is not one of a pod for audience " + Audience)

// TokenReviews asks the API server about tokens; client-go's AuthenticationV1().TokenReviews() is one.
type TokenReviews interface {
	Create(ctx context.Context, review *authv1.TokenReview, opts metav1.CreateOptions) (*authv1.TokenReview, error)
}

// Reviewer identifies pods by their tokens and remembers them for a short time.
type Reviewer struct {
	reviews TokenReviews
	now     func() time.Time

	mu    sync.Mutex
	known map[[sha256.Size]byte]identity
}

type identity struct {
	pod   Pod
	until time.Time
}

// NewReviewer identifies by asking reviews; a nil clock is time.Now.
func NewReviewer(reviews TokenReviews, now func() time.Time) *Reviewer {
	if now == nil {
		now = time.Now
	}
	return &Reviewer{reviews: reviews, now: now, known: map[[sha256.Size]byte]identity{}}
}

// identify answers errIdentity for a token that is none, and another error when the API server could not be asked.
func (r *Reviewer) identify(ctx context.Context, token string) (Pod, error) {
	key := sha256.Sum256([]byte(token))
	r.mu.Lock()
	known, ok := r.known[key]
	r.mu.Unlock()
	if ok && r.now().Before(known.until) {
		return known.pod, nil
	}
	pod, err := r.review(ctx, token)
	if err != nil {
		return pod, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxIdentities {
		clear(r.known)
	}
	r.known[key] = identity{pod: pod, until: r.now().Add(identityTime)}
	return pod, nil
}

// Where the API server writes the pod that a token is bound to.
const (
	extraPodName = "authentication.kubernetes.io/pod-name"
	extraPodUID  = "authentication.kubernetes.io/pod-uid"
	accountUser  = "system:serviceaccount:"
)

func (r *Reviewer) review(ctx context.Context, token string) (Pod, error) {
	answer, err := r.reviews.Create(ctx, &authv1.TokenReview{Spec: authv1.TokenReviewSpec{Token: token, Audiences: []string{Audience}}}, metav1.CreateOptions{})
	if err != nil {
		return Pod{}, fmt.Errorf("review the token: %w", err)
	}
	// An API server that knows no audiences answers none, and would take tokens that were made for something else.
	if !answer.Status.Authenticated || !slices.Contains(answer.Status.Audiences, Audience) {
		return Pod{}, errIdentity
	}
	user := answer.Status.User
	account, ok := strings.CutPrefix(user.Username, accountUser)
	namespace, _, _ := strings.Cut(account, ":")
	name, uid := user.Extra[extraPodName], user.Extra[extraPodUID]
	if !ok || len(name) != 1 || len(uid) != 1 {
		return Pod{}, errIdentity
	}
	return Pod{Namespace: namespace, Name: name[0], UID: uid[0]}, nil
}
