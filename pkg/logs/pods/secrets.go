package pods

import (
	"bytes"
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// MinSecret is the least size of a value that is hidden, in bytes: a shorter one, such as "yes", would blot out a log
// and is soon guessed.
const MinSecret = 4

// SecretNames lists the Secrets that a pod mounts or has in its environment.
func SecretNames(pod *corev1.Pod) []string {
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

// SecretValues are the values of a Secret, and the passwords within files whose form is known.
func SecretValues(secret *corev1.Secret) [][]byte {
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
