package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// git runs one command in the repository, as user where a commit is made.
func (r *Repo) git(as *User, stdin string, args ...string) (string, error) {
	return r.gitIn(r.dir, nil, as, stdin, args...)
}

func (r *Repo) gitIn(dir string, env []string, as *User, stdin string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C")
	cmd.Env = append(cmd.Env, env...)
	if as != nil {
		cmd.Env = append(cmd.Env, "GIT_AUTHOR_NAME="+as.Name, "GIT_AUTHOR_EMAIL="+as.Email, "GIT_COMMITTER_NAME="+as.Name, "GIT_COMMITTER_EMAIL="+as.Email)
	}
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimRight(string(out), "\n"), nil
}

func (r *Repo) init() error {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	_, err := r.git(nil, "", "init", "-q", "--bare", "--initial-branch="+r.DefaultBranch)
	return errors.Join(err, r.set("http.receivepack", "true"), r.set("uploadpack.allowAnySHA1InWant", "true"), r.set("transfer.hideRefs", hiddenRefs))
}

// hiddenRefs keep the objects of pull requests' heads where the vendor keeps no ref for them.
const hiddenRefs = "refs/simulator"

func (r *Repo) set(name, value string) error {
	_, err := r.git(nil, "", "config", name, value)
	return err
}

// commit writes files onto a branch, empty content removing one, and returns the commit.
func (r *Repo) commit(as *User, branch string, files map[string]string, message string) (string, error) {
	index, err := os.CreateTemp("", "simulator-index")
	if err != nil {
		return "", err
	}
	_ = index.Close()
	_ = os.Remove(index.Name()) // git wants to make it
	defer os.Remove(index.Name())
	env := []string{"GIT_INDEX_FILE=" + index.Name()}
	parent := r.Tip(branch)
	if parent != "" {
		if _, err := r.gitIn(r.dir, env, as, "", "read-tree", parent); err != nil {
			return "", err
		}
	}
	for name, content := range files {
		if err := r.stage(env, name, content); err != nil {
			return "", err
		}
	}
	tree, err := r.gitIn(r.dir, env, as, "", "write-tree")
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree, "-m", message}
	if parent != "" {
		args = append(args, "-p", parent)
	}
	sha, err := r.git(as, "", args...)
	if err != nil {
		return "", err
	}
	_, err = r.git(nil, "", "update-ref", "refs/heads/"+branch, sha)
	return sha, err
}

func (r *Repo) stage(env []string, name, content string) error {
	if content == "" { // said this way because --force-remove wants a work tree
		_, err := r.gitIn(r.dir, env, nil, "0 "+strings.Repeat("0", 40)+"\t"+name+"\x00", "update-index", "-z", "--index-info")
		return err
	}
	blob, err := r.git(nil, content, "hash-object", "-w", "--stdin")
	if err != nil {
		return err
	}
	_, err = r.gitIn(r.dir, env, nil, "", "update-index", "--add", "--cacheinfo", "100644,"+blob+","+name)
	return err
}

// Tip is the commit of a branch, empty if there is none.
func (r *Repo) Tip(branch string) string { return r.Resolve("refs/heads/" + branch) }

// Resolve is the commit of any name that git understands, empty if there is none.
func (r *Repo) Resolve(name string) string {
	sha, err := r.git(nil, "", "rev-parse", "-q", "--verify", "--end-of-options", name+"^{commit}")
	if err != nil {
		return ""
	}
	return sha
}

// File reads one file at a commit or branch.
func (r *Repo) File(at, name string) (string, error) {
	cmd := exec.Command("git", "cat-file", "blob", at+":"+name)
	cmd.Dir = r.dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("file %s at %s: %w", name, at, ErrNotFound)
	}
	return string(out), nil
}

// FileChange is one path that differs; Status is git's letter: A, M, D, R.
type FileChange struct{ Status, Path, From string }

// Diff lists what differs between two commits; from their merge base on if sinceBase is true.
func (r *Repo) Diff(from, to string, sinceBase bool) ([]FileChange, error) {
	between := from + ".." + to
	if sinceBase {
		between = from + "..." + to
	}
	out, err := r.git(nil, "", "diff", "--name-status", "-M", "-z", between)
	if err != nil {
		return nil, err
	}
	var all []FileChange
	fields := strings.Split(strings.TrimRight(out, "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		c := FileChange{Status: fields[i][:1], Path: fields[i+1]}
		if c.Status == "R" || c.Status == "C" {
			c.From, c.Path = c.Path, fields[i+2]
			i++
		}
		all = append(all, c)
	}
	return all, nil
}

// Commit is one commit.
type Commit struct {
	SHA, Tree, Message, Name, Email string
	Parents                         []string
	// Date is RFC 3339.
	Date string
}

// Log lists the commits reachable from to and not from from, newest first; an empty from means all.
func (r *Repo) Log(from, to string) ([]Commit, error) {
	between := to
	if from != "" {
		between = from + ".." + to
	}
	out, err := r.git(nil, "", "log", "-z", "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%cI%x1f%B", between)
	if err != nil || out == "" {
		return nil, err
	}
	var all []Commit
	for record := range strings.SplitSeq(strings.TrimRight(out, "\x00"), "\x00") {
		p := strings.SplitN(record, "\x1f", 7)
		all = append(all, Commit{
			SHA: p[0], Tree: p[1], Parents: strings.Fields(p[2]), Name: p[3], Email: p[4], Date: p[5], Message: strings.TrimRight(p[6], "\n"),
		})
	}
	return all, nil
}

// MergeBase is the best common ancestor of two commits, empty if there is none.
func (r *Repo) MergeBase(a, b string) string {
	sha, err := r.git(nil, "", "merge-base", a, b)
	if err != nil {
		return ""
	}
	return sha
}

// Branches lists the branches by name.
func (r *Repo) Branches() []string {
	out, err := r.git(nil, "", "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
	if err != nil {
		return nil
	}
	return strings.Fields(out)
}

// refs are all branches and tags with their commits.
func (r *Repo) refs() (map[string]string, error) {
	out, err := r.git(nil, "", "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for line := range strings.Lines(out) {
		name, sha, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[name] = sha
	}
	return all, nil
}

// merged makes the merge commit of two commits, or says that they conflict.
func (r *Repo) merged(as *User, base, head, message string, parents ...string) (string, error) {
	tree, err := r.git(nil, "", "merge-tree", "--write-tree", base, head)
	if err != nil {
		return "", fmt.Errorf("%w: conflicts", ErrNotMergeable)
	}
	args := []string{"commit-tree", tree, "-m", message}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return r.git(as, "", args...)
}

// rebased replays the commits of head onto base.
func (r *Repo) rebased(as *User, base, head string) (string, error) {
	work, err := os.MkdirTemp("", "simulator-rebase")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	tree := filepath.Join(work, "tree")
	if _, err := r.git(nil, "", "worktree", "add", "-q", "--detach", tree, base); err != nil {
		return "", err
	}
	defer func() { _, _ = r.git(nil, "", "worktree", "remove", "--force", tree) }()
	if _, err := r.gitIn(tree, nil, as, "", "cherry-pick", "--allow-empty", base+".."+head); err != nil {
		return "", fmt.Errorf("%w: conflicts", ErrNotMergeable)
	}
	return r.gitIn(tree, nil, nil, "", "rev-parse", "HEAD")
}

// conflicts says whether two commits cannot be merged.
func (r *Repo) conflicts(base, head string) bool {
	_, err := r.git(nil, "", "merge-tree", "--write-tree", base, head)
	return err != nil
}

// contains says that commit is part of the history of of.
func (r *Repo) contains(of, commit string) bool {
	_, err := r.git(nil, "", "merge-base", "--is-ancestor", commit, of)
	return err == nil
}

// diffRefs lists what moved, by name.
func diffRefs(before, after map[string]string) []RefChange {
	var moved []RefChange
	for name, sha := range after {
		if before[name] != sha {
			moved = append(moved, RefChange{name, before[name], sha})
		}
	}
	for name, sha := range before {
		if _, ok := after[name]; !ok {
			moved = append(moved, RefChange{name, sha, ""})
		}
	}
	slices.SortFunc(moved, func(a, b RefChange) int { return strings.Compare(a.Ref, b.Ref) })
	return moved
}
