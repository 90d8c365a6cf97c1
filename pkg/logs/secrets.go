package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// minSecret is the least size of a value that is hidden, in bytes: a shorter one, such as "yes", would blot out a log
	// and is soon guessed.
	minSecret = 4
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
	for _, name := range secretNames(pod) {
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
			r.vault.values, news = append(r.vault.values, secretValues(&secret)...), true
		}
	}
	if !news {
		return
	}
	known, err := censor.New(r.vault.values, minSecret)
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
	return root(err).Error()
}

// ask repeats a question to the cluster until there is an answer, which may be that there is none to be had.
func (r *run) ask(ctx context.Context, question func(context.Context) error) error {
	for try := 0; ; try++ {
		err := question(ctx)
		if err == nil || try == apiTries || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
			return err
		}
		if err := sleep(ctx, delay(try), nil); err != nil {
			return err
		}
	}
}

// secretNames lists the Secrets that a pod mounts or has in its environment.
func secretNames(pod *corev1.Pod) []string {
	var names []string
	for _, v := range pod.Spec.Volumes {
		if v.Secret != nil {
			names = append(names, v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					names = append(names, source.Secret.Name)
				}
			}
		}
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				names = append(names, from.SecretRef.Name)
			}
		}
		for _, env := range c.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				names = append(names, env.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// publicKeys are those of well-known types that hold no secret: names and certificates.
var publicKeys = map[corev1.SecretType][]string{
	corev1.SecretTypeBasicAuth:           {corev1.BasicAuthUsernameKey},
	corev1.SecretTypeTLS:                 {corev1.TLSCertKey, corev1.ServiceAccountRootCAKey},
	corev1.SecretTypeServiceAccountToken: {corev1.ServiceAccountNamespaceKey, corev1.ServiceAccountRootCAKey},
	corev1.SecretTypeSSHAuth:             {"known_hosts"},
}

// secretValues are the values of a Secret, and the passwords within files whose form is known.
func secretValues(secret *corev1.Secret) [][]byte {
	var values [][]byte
	for key, value := range secret.Data {
		if slices.Contains(publicKeys[secret.Type], key) {
			continue
		}
		values = append(values, value)
		if key == corev1.DockerConfigJsonKey || key == corev1.DockerConfigKey {
			values = append(values, passwords(value)...)
		}
		values = append(values, cookies(value)...)
	}
	return values
}

// cookies are the values in a file of cookies, as git takes it: each line has seven fields with tabs between them.
func cookies(file []byte) [][]byte {
	var values [][]byte
	for line := range bytes.Lines(file) {
		if fields := bytes.Split(bytes.TrimSpace(line), []byte{'\t'}); len(fields) == 7 {
			values = append(values, fields[6])
		}
	}
	return values
}

// passwords are those in the configuration of a registry's client, in its new and its old form.
func passwords(config []byte) [][]byte {
	type login struct{ Password, Auth, IdentityToken, RegistryToken string }
	var file struct{ Auths map[string]login }
	var old map[string]login
	if json.Unmarshal(config, &file) != nil || file.Auths == nil {
		if json.Unmarshal(config, &old) != nil {
			return nil
		}
		file.Auths = old
	}
	var values [][]byte
	for _, l := range file.Auths {
		for _, value := range []string{l.Password, l.Auth, l.IdentityToken, l.RegistryToken} {
			values = append(values, []byte(value))
		}
	}
	return values
}

// tidy adds to the steps what containers said in the end, without secrets, and which secrets are not known.
func (r *run) tidy(steps []StepInfo) {
	known, missing := r.secrets(), strings.Join(r.vault.missing, "; ")
	for i := range steps {
		steps[i].Uncensored = missing
		if said := r.last[steps[i].Container].said; said != "" {
			steps[i].Message = shortened(known.HideString(said))
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
		if p := r.pods[c.ref.UID]; p != nil && p.learned {
			continue
		}
		p, err := r.fetchPod(ctx, c.ref)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil:
			r.readSecrets(ctx, p.Pod)
		case !errors.Is(err, storage.ErrNotExist): // with its pod, the log is gone too
			r.vault.missing = append(r.vault.missing, fmt.Sprintf("those of pod %s/%s: %s", c.ref.Namespace, c.ref.Pod, reason(err, "pods")))
		}
		p.learned = true
	}
}

// eventsEvery is how often the events of a long run are read: Kubernetes forgets them after an hour.
const eventsEvery = 30 * time.Minute
