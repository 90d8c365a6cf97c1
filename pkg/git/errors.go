package git

import (
	"errors"
	"fmt"
	"strings"
)

// Exit codes of `pharos clone`, by which a run's state tells a conflict from a fault of the surroundings. They are unlike
// those of common programs, because a user's own step may be called clone too.
const (
	ExitFault    = 90
	ExitConflict = 91
	ExitMissing  = 92
)

// ConflictError says that a pull request does not merge onto the base and the pulls before it.
type ConflictError struct {
	// Pull is the number of the one that does not merge, SHA its head.
	Pull int
	SHA  string
	// Base is the branch, Onto the commit it did not merge onto.
	Base, Onto string
	// Files hold conflicts.
	Files []string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("pull request #%d (%s) conflicts with %s in %s; rebase or merge the base into it",
		e.Pull, short(e.SHA), e.Base, strings.Join(e.Files, ", "))
}

// MissingCommitError says that the remote no longer has a commit, most often because of a force push.
type MissingCommitError struct {
	// Pull is the pull request's number; 0 means that the base commit is missing.
	Pull int
	SHA  string
	// Ref is where the commit should have been.
	Ref string
}

func (e *MissingCommitError) Error() string {
	what := "base"
	if e.Pull != 0 {
		what = fmt.Sprintf("pull request #%d", e.Pull)
	}
	return fmt.Sprintf("commit %s of the %s is not in %s any more (was it force-pushed?)", e.SHA, what, e.Ref)
}

// ExitCode is the process exit code for an error of [Clone] or [RunClone]; nil is 0.
func ExitCode(err error) int {
	var conflict *ConflictError
	var missing *MissingCommitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &conflict):
		return ExitConflict
	case errors.As(err, &missing):
		return ExitMissing
	}
	return ExitFault
}

func short(sha string) string {
	if len(sha) > 10 {
		return sha[:10]
	}
	return sha
}
