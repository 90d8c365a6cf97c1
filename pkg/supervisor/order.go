package supervisor

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EnvOrder is the variable that holds an [Order] as JSON; the process does not see it.
const EnvOrder = "PHAROS_RUN"

// Order says how a process is run and what becomes of its files.
type Order struct {
	// Timeout of the process; 0 means none. GracePeriod lies between the interrupt and the kill.
	Timeout     metav1.Duration `json:"timeout,omitzero"`
	GracePeriod metav1.Duration `json:"gracePeriod,omitzero"`
	// Artifacts is the folder that the process may fill. It is made when it is missing.
	Artifacts string `json:"artifacts,omitempty"`
	// Release is a file made when the process starts; empty means none. See pipeline, which lets containers run together by it.
	Release string `json:"release,omitempty"`
	// Upload is where the artifacts go afterwards.
	Upload Upload `json:"upload,omitzero"`
	// Censor says what must not show in output and artifacts.
	Censor Censor `json:"censor,omitzero"`
}

// Upload is an address of package artifacts and how files are sent to it.
type Upload struct {
	// URL of Pharos; empty means that nothing is uploaded.
	URL string `json:"url,omitempty"`
	// TokenFile holds the token of the pod's service account for the audience "pharos". It is read anew for each file.
	TokenFile string `json:"tokenFile,omitempty"`
	// MediaTypes are by extension without its dot; Compress lists extensions, "*" for all.
	MediaTypes map[string]string `json:"mediaTypes,omitempty"`
	Compress   []string          `json:"compress,omitempty"`
}

// Censor names the secrets of a container.
type Censor struct {
	// Folders hold a secret in each file.
	Folders []string `json:"folders,omitempty"`
	// Variables are environment variables whose values are secrets.
	Variables []string `json:"variables,omitempty"`
	// MinLength in bytes; shorter values are no secrets.
	MinLength int `json:"minLength,omitempty"`
}

// ReadOrder reads the order from the environment; without one it is the zero value.
func ReadOrder(env func(string) string) (Order, error) {
	var o Order
	text := env(EnvOrder)
	if text == "" {
		return o, nil
	}
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return o, fmt.Errorf("read %s: %w", EnvOrder, err)
	}
	return o, nil
}
