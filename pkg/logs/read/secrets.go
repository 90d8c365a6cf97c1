package read

import (
	"context"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
)

// hidden are the secrets that a follower hides in what it reads from pods. Only known is for all goroutines.
type hidden struct {
	api    client.Reader
	read   map[client.ObjectKey]bool
	values [][]byte
	set    atomic.Pointer[censor.Secrets]
}

func newHidden(api client.Reader) *hidden {
	return &hidden{api: api, read: make(map[client.ObjectKey]bool)}
}

func (h *hidden) known() *censor.Secrets { return h.set.Load() }

// learn gets to know the secrets of a pod; false says that it did not for now. Those that Pharos may not read stay
// unknown: the shipper says so in the run's steps.
func (h *hidden) learn(ctx context.Context, ref logs.ContainerRef) bool {
	if h.api == nil {
		return true
	}
	var pod corev1.Pod
	err := h.api.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Pod}, &pod)
	if err != nil || string(pod.UID) != ref.UID {
		return false
	}
	news := false
	for _, name := range pods.SecretNames(&pod) {
		key := client.ObjectKey{Namespace: ref.Namespace, Name: name}
		if h.read[key] {
			continue
		}
		var secret corev1.Secret
		err := h.api.Get(ctx, key, &secret)
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
			return false
		}
		h.read[key] = true
		if values := pods.SecretValues(&secret); err == nil && len(values) > 0 {
			h.values, news = append(h.values, values...), true
		}
	}
	if news {
		known, _ := censor.New(h.values, pods.MinSecret) // it holds all that it could take; the shipper tells of the rest
		h.set.Store(known)
	}
	return true
}
