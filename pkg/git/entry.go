package git

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Environment of `pharos clone`.
const (
	// EnvClone holds a [Spec] as JSON.
	EnvClone = "PHAROS_CLONE"
	// EnvClonerefs is Prow's name for the same, read when EnvClone is not set.
	EnvClonerefs = "CLONEREFS_OPTIONS"
	// EnvInto replaces Spec.Into; it is a variable of its own because Tekton fills it in.
	EnvInto = "PHAROS_CLONE_INTO"
	// EnvCommitFile and EnvURLFile name files that receive the final commit and the address of the first repository.
	EnvCommitFile = "PHAROS_CLONE_COMMIT_FILE"
	EnvURLFile    = "PHAROS_CLONE_URL_FILE"
)

// Spec is the clone step's order. The JSON names are those of Prow's clonerefs.
type Spec struct {
	// Root is [Options.Dir].
	Root string `json:"src_root,omitempty"`
	// Into is [Options.Into].
	Into string `json:"into,omitempty"`
	// Log is a file that receives the records as JSON; empty means none.
	Log       string          `json:"log,omitempty"`
	UserName  string          `json:"git_user_name,omitempty"`
	UserEmail string          `json:"git_user_email,omitempty"`
	Refs      []v1alpha1.Refs `json:"refs"`
	// The rest are [Credentials].
	KeyFiles         []string `json:"key_files,omitempty"`
	HostFingerprints []string `json:"host_fingerprints,omitempty"`
	CookiePath       string   `json:"cookie_path,omitempty"`
	OauthTokenFile   string   `json:"oauth_token_file,omitempty"`
}

// RecordsFile is where the environment orders the records to go; empty means nowhere.
func RecordsFile(env func(string) string) (string, error) {
	spec, err := readSpec(env)
	return spec.Log, err
}

// RunClone does what the environment orders and prints the clone log to stdout. Give its error to [ExitCode].
func RunClone(ctx context.Context, env func(string) string, stdout io.Writer) error {
	spec, err := readSpec(env)
	if err != nil {
		return err
	}
	if len(spec.Refs) == 0 && spec.Root != "" {
		_, err := fmt.Fprintln(stdout, "# nothing to check out")
		return err
	}
	result, err := Clone(ctx, Options{Dir: spec.Root, Into: spec.Into, Refs: spec.Refs, UserName: spec.UserName,
		UserEmail: spec.UserEmail, Stdout: stdout, Credentials: Credentials{
			KeyFiles: spec.KeyFiles, KnownHosts: spec.HostFingerprints, CookieFile: spec.CookiePath, TokenFile: spec.OauthTokenFile}})
	if err != nil {
		return errors.Join(err, writeRecords(spec.Log, result))
	}
	return errors.Join(writeRecords(spec.Log, result), writeResults(env, spec, result))
}

func readSpec(env func(string) string) (Spec, error) {
	var spec Spec
	name := EnvClone
	if env(name) == "" {
		name = EnvClonerefs
	}
	if env(name) == "" {
		return spec, fmt.Errorf("read clone order: %s is not set", EnvClone)
	}
	if err := json.Unmarshal([]byte(env(name)), &spec); err != nil {
		return spec, fmt.Errorf("read clone order %s: %w", name, err)
	}
	if into := env(EnvInto); into != "" {
		spec.Into = into
	}
	if spec.Root == "" && spec.Into == "" {
		return spec, fmt.Errorf("read clone order %s: src_root is missing", name)
	}
	return spec, nil
}

func writeRecords(file string, result Result) error {
	if file == "" {
		return nil
	}
	data, err := json.Marshal(result.Records)
	if err != nil {
		return fmt.Errorf("encode clone records: %w", err)
	}
	return writeFile(file, string(data))
}

func writeResults(env func(string) string, spec Spec, result Result) error {
	if len(result.Records) == 0 {
		return nil
	}
	var errs []error
	if file := env(EnvCommitFile); file != "" {
		errs = append(errs, writeFile(file, result.Records[0].FinalSHA))
	}
	if file := env(EnvURLFile); file != "" {
		remote, err := remoteFor(spec.Refs[0])
		errs = append(errs, err, writeFile(file, remote.clean))
	}
	return errors.Join(errs...)
}

func writeFile(file, content string) error {
	if err := os.WriteFile(file, []byte(strings.TrimSpace(content)), 0o644); err != nil {
		return fmt.Errorf("write clone result: %w", err)
	}
	return nil
}
