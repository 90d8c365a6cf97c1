package logs

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Names of the files in a run's folder.
const (
	StartedFile  = "started.json"
	FinishedFile = "finished.json"
	JobFile      = "prowjob.json"
	BuildLogFile = "build-log.txt"
	CloneLogFile = "clone-log.txt"
	// PipelineJobFile is the whole PipelineJob, as it was when the run began and from its end on as it was then.
	PipelineJobFile = "pipelinejob.json"
	// StepsFile lists the steps with their times, states and log files; Prow has no such file.
	StepsFile = "steps.json"
	// ArtifactsDir is where a job's own files go.
	ArtifactsDir = "artifacts"

	stepLogSuffix   = "-build-log.txt"
	stepIndexSuffix = "-build-log.idx"
	latestFile      = "latest-build.txt"
	liveDir         = ".live"
)

// Strategy is how a repository is written in the path of a presubmit, as Prow's path_strategy.
type Strategy string

// Path strategies. Empty means explicit.
const (
	// Explicit is org_repo always.
	Explicit Strategy = "explicit"
	// Legacy is nothing for the default repository, repo alone in the default org, else org_repo.
	Legacy Strategy = "legacy"
	// Single is nothing for the default repository, else org_repo.
	Single Strategy = "single"
)

// Layout maps runs to keys. It is Prow's layout, made free of collisions where Prow has none to fear: see RepoSegment
// and Root. The zero value is the explicit strategy with every connection under its own folder.
type Layout struct {
	Strategy                Strategy
	DefaultOrg, DefaultRepo string
	// Prefix goes before everything (Prow's path_prefix).
	Prefix string
	// DefaultConnection is the connection whose runs have Prow's plain paths.
	DefaultConnection string
}

// Root is the folder that a connection's runs are in: the prefix alone for the default connection, and
// connections/<name> below it for another, a name that no Prow path starts with.
func (l Layout) Root(connection string) string {
	prefix := strings.Trim(l.Prefix, "/")
	if connection == l.DefaultConnection {
		return prefix
	}
	return path.Join(prefix, "connections", segment(connection))
}

// Run is the run's folder, without a trailing slash. Runs that have one in their status keep it, whatever the layout is now.
func (l Layout) Run(job *v1alpha1.PipelineJob) string {
	if job.Status.Log.Path != "" {
		return job.Status.Log.Path
	}
	return path.Join(l.jobDir(job), segment(job.Spec.BuildID))
}

// jobDir is the folder that holds the builds of the run's job.
func (l Layout) jobDir(job *v1alpha1.PipelineJob) string {
	root, name := l.Root(job.Spec.Connection), segment(job.Spec.Job)
	switch {
	case job.Spec.Type == v1alpha1.Batch:
		return path.Join(root, "pr-logs/pull/batch", name)
	case isPull(job):
		refs := job.Spec.Refs
		return path.Join(root, "pr-logs/pull", l.RepoSegment(refs.Org, refs.Repo), strconv.Itoa(refs.Pulls[0].Number), name)
	default:
		return path.Join(root, "logs", name)
	}
}

// isPull says that the run belongs to one pull request.
func isPull(job *v1alpha1.PipelineJob) bool {
	return job.Spec.Type == v1alpha1.Presubmit && job.Spec.Refs != nil && len(job.Spec.Refs.Pulls) > 0
}

// Latest lists the keys that hold the newest build id of the run's job.
func (l Layout) Latest(job *v1alpha1.PipelineJob) []string {
	keys := []string{path.Join(l.jobDir(job), latestFile)}
	if isPull(job) {
		keys = append(keys, path.Join(l.directory(job), latestFile))
	}
	return keys
}

// Directory is the key of the file that leads from a presubmit's job and build to its folder; empty for other types.
func (l Layout) Directory(job *v1alpha1.PipelineJob) string {
	if !isPull(job) {
		return ""
	}
	return path.Join(l.directory(job), segment(job.Spec.BuildID)+".txt")
}

func (l Layout) directory(job *v1alpha1.PipelineJob) string {
	return path.Join(l.Root(job.Spec.Connection), "pr-logs/directory", segment(job.Spec.Job))
}

// RepoSegment is the path segment of a repository by the strategy; it may be empty. "org_repo" as Prow writes it, with
// the org escaped so that two repositories never share a segment: in a nested org "/" becomes "!", in any org "_"
// becomes "!_". No forge allows "!" in a name. In repo "/" becomes "_", as in Prow.
func (l Layout) RepoSegment(org, repo string) string {
	name := segment(strings.ReplaceAll(repo, "/", "_"))
	full := orgSegment(org) + "_" + name
	isDefaultOrg := org == l.DefaultOrg
	switch {
	case l.Strategy == Legacy && isDefaultOrg && repo == l.DefaultRepo, l.Strategy == Single && isDefaultOrg && repo == l.DefaultRepo:
		return ""
	case l.Strategy == Legacy && isDefaultOrg && !looksLikePull(name):
		return name
	}
	return full
}

// looksLikePull names the segments that stand beside repositories in pr-logs/pull.
func looksLikePull(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil || name == "batch"
}

func orgSegment(org string) string {
	parts := strings.Split(org, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(segment(part), "_", "!_")
	}
	return strings.Join(parts, "!")
}

// segment makes any text one safe path segment: letters, digits and -._~@+=, stay, other bytes become %XX. Different
// texts stay different.
func segment(text string) string {
	switch text {
	case "":
		return "%"
	case ".", "..":
		return strings.Repeat("%2E", len(text))
	}
	if strings.IndexFunc(text, unsafe) < 0 {
		return text
	}
	var b strings.Builder
	for _, c := range []byte(text) {
		if unsafe(rune(c)) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func unsafe(c rune) bool {
	safe := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~@+=,", c)
	return !safe
}

// StepLog is the file of a step's log in the run's folder; name is that of its StepInfo.
func StepLog(name string) string { return name + stepLogSuffix }

// StepIndex is the index of that file.
func StepIndex(name string) string { return name + stepIndexSuffix }

// IndexOf is the key of the index of a step's log; false for another file, which has none.
func IndexOf(key string) (string, bool) {
	name, ok := strings.CutSuffix(key, stepLogSuffix)
	return StepIndex(name), ok
}

// LiveFolder is where the text of a step is while it runs, with a slash at its end; with an empty name, that of all steps.
func LiveFolder(run, name string) string { return path.Join(run, liveDir, name) + "/" }
