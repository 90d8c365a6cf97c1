package ship

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// apiTries may fail before something of the cluster is given up.
	apiTries = 8
)

// vault collects the values that a run must not print.
type vault struct {
	values  [][]byte
	read    map[client.ObjectKey]bool
	missing []string // secrets that could not be read, and why
}

// secrets are those of the run that are known by now.
func (r *run) secrets() *censor.Secrets { return r.known.Load() }

// readSecrets adds the secrets that the containers of a pod are given.
func (r *run) readSecrets(ctx context.Context, pod *corev1.Pod) {
	news := false
	for _, name := range pods.SecretNames(pod) {
		key := client.ObjectKey{Namespace: pod.Namespace, Name: name}
		if r.vault.read[key] {
			continue
		}
		if r.vault.read == nil {
			r.vault.read = make(map[client.ObjectKey]bool)
		}
		r.vault.read[key] = true
		var secret corev1.Secret
		err := r.ask(ctx, func(ctx context.Context) error { return r.s.o.API.Get(ctx, key, &secret) })
		switch {
		case ctx.Err() != nil:
			return
		case apierrors.IsNotFound(err): // it may be optional; without it no container has its values
		case err != nil:
			r.vault.missing = append(r.vault.missing, fmt.Sprintf("%s: %s", key, reason(err, "secrets")))
			log.FromContext(ctx).Error(err, "a secret of the run is not known: its values may show in the log", "secret", key.String())
		default:
			r.vault.values, news = append(r.vault.values, pods.SecretValues(&secret)...), true
		}
	}
	if !news {
		return
	}
	known, err := censor.New(r.vault.values, pods.MinSecret)
	if err != nil {
		r.vault.missing = append(r.vault.missing, err.Error())
		log.FromContext(ctx).Error(err, "the log is not censored of all secrets")
	}
	r.known.Store(known)
}

// reason is an error about an object of a kind, without what the caller knows.
func reason(err error, kind string) string {
	if apierrors.IsForbidden(err) {
		return "forbidden; Pharos needs the permission to get " + kind + " there"
	}
	return logs.Cause(err).Error()
}

// ask repeats a question to the cluster until there is an answer, which may be that there is none to be had.
func (r *run) ask(ctx context.Context, question func(context.Context) error) error {
	for try := 0; ; try++ {
		err := question(ctx)
		if err == nil || try == apiTries || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
			return err
		}
		if err := retry.Wait(ctx, retry.Delay(try), nil); err != nil {
			return err
		}
	}
}

// tidy adds to the steps what containers said in the end, without secrets, and which secrets are not known.
func (r *run) tidy(steps []logs.StepInfo) {
	known, missing := r.secrets(), strings.Join(r.vault.missing, "; ")
	for i := range steps {
		steps[i].Uncensored = missing
		if said := r.last[steps[i].Container].Said; said != "" {
			steps[i].SetMessage(known.HideString(said))
		}
	}
}

// learn gets to know the pods that are new, before their text is read.
func (r *run) learn(ctx context.Context) {
	if r.s.o.API == nil {
		return
	}
	r.loadPods(ctx)
	r.mu.Lock()
	seen := r.seen
	r.mu.Unlock()
	for _, c := range seen {
		if p := r.pods[c.Ref.UID]; p != nil && p.learned {
			continue
		}
		p, err := r.fetchPod(ctx, c.Ref)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil:
			r.readSecrets(ctx, p.Pod)
		case !errors.Is(err, storage.ErrNotExist): // with its pod, the log is gone too
			r.vault.missing = append(r.vault.missing, fmt.Sprintf("those of pod %s/%s: %s", c.Ref.Namespace, c.Ref.Pod, reason(err, "pods")))
		}
		p.learned = true
	}
}

// eventsEvery is how often the events of a long run are read: Kubernetes forgets them after an hour.
const eventsEvery = 30 * time.Minute
