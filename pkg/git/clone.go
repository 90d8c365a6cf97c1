package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// DefaultUserName and DefaultUserEmail sign merges when Options name nobody.
const (
	DefaultUserName  = "Pharos"
	DefaultUserEmail = "noreply@pharos-ci.dev"
)

// Options say what to check out and where.
type Options struct {
	// Dir is the root below which each repository gets its [CheckoutPath], for example /home/prow/go.
	Dir string
	// Into replaces that place for the only repository in Refs: its working tree is exactly this folder, emptied first.
	Into string
	// Refs are checked out one after another.
	Refs []v1alpha1.Refs
	// UserName and UserEmail sign the merge commits and go into each repository's configuration.
	UserName, UserEmail string
	// Stdout receives the clone log; nil drops it.
	Stdout io.Writer
	// Credentials for repositories that are not public.
	Credentials Credentials
	// Backoff is the pause before each retry of a transfer; nil means about one minute in all.
	Backoff []time.Duration
}

// Result is what happened, one record for each repository that was started.
type Result struct {
	Records []Record
}

// Record is one checkout in the form of Prow's clone-records.json.
type Record struct {
	Refs     v1alpha1.Refs `json:"refs"`
	Commands []Command     `json:"commands,omitempty"`
	Failed   bool          `json:"failed,omitempty"`
	// FinalSHA is the commit in the working tree: the last merge, or the base when nothing was merged.
	FinalSHA string `json:"final_sha,omitempty"`
	// Duration is in nanoseconds.
	Duration time.Duration `json:"duration,omitempty"`
}

// Command is one command that ran, without credentials.
type Command struct {
	Command  string        `json:"command"`
	Output   string        `json:"output,omitempty"`
	Error    string        `json:"error,omitempty"`
	Duration time.Duration `json:"duration,omitempty"`
}

// Clone checks out every repository of opts and stops at the first that fails. The result holds the records made until
// then, also beside an error. A [*ConflictError] or [*MissingCommitError] is about the pull request, any other error about
// the surroundings.
func Clone(ctx context.Context, opts Options) (Result, error) {
	var result Result
	if opts.Into != "" && len(opts.Refs) != 1 {
		return result, fmt.Errorf("clone into %s: want one repository, got %d", opts.Into, len(opts.Refs))
	}
	home, cleanup, err := homeDir()
	if err != nil {
		return result, err
	}
	defer cleanup()
	credentials, forget, err := opts.Credentials.prepare(opts.Refs)
	if err != nil {
		return result, err
	}
	defer forget()
	for _, refs := range opts.Refs {
		record, err := cloneOne(ctx, opts, refs, surroundings{home: home, prepared: credentials})
		result.Records = append(result.Records, record)
		if err != nil {
			return result, fmt.Errorf("clone %s/%s: %w", refs.Org, refs.Repo, err)
		}
	}
	return result, nil
}

// surroundings are what all checkouts of one call share.
type surroundings struct {
	home string
	prepared
}

func cloneOne(ctx context.Context, opts Options, refs v1alpha1.Refs, around surroundings) (Record, error) {
	start := time.Now()
	c, err := newCheckout(opts, refs, around)
	if err == nil {
		err = c.run(ctx)
	}
	record := Record{Refs: refs, Failed: err != nil, Duration: time.Since(start)}
	if c != nil {
		record.Commands, record.FinalSHA = c.commands, c.finalSHA
		c.logEnd(record, err)
	}
	return record, err
}

// homeDir is $HOME, where credential helpers look, or a scratch folder where a pod has none.
func homeDir() (string, func(), error) {
	if home := os.Getenv("HOME"); home != "" {
		return home, func() {}, nil
	}
	home, err := os.MkdirTemp("", "pharos-home-")
	if err != nil {
		return "", nil, fmt.Errorf("make a home directory: %w", err)
	}
	return home, func() { _ = os.RemoveAll(home) }, nil // scratch space of a pod about to end
}

// prepareDir makes the working tree's folder, which may exist as an empty mount. A folder of an Into clone is emptied,
// because a workspace may hold an earlier checkout.
func prepareDir(dir string, empty bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make working tree: %w", err)
	}
	if !empty {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list working tree: %w", err)
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("empty working tree: %w", err)
	}
	return nil
}
