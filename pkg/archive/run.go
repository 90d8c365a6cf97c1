package archive

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Places in a bucket, below the root of a connection.
const (
	pullPlace      = "pr-logs/pull"
	batchPlace     = "pr-logs/pull/batch"
	jobPlace       = "logs"
	directoryPlace = "pr-logs/directory"
	connections    = "connections"
)

// Names beside those that package logs exports.
const (
	latestFile = "latest-build.txt"
	liveFolder = ".live/"
	// deletingFile says that a run's folder is being removed. It is written first and goes last.
	deletingFile = ".deleting"
)

// ErrNotRun is returned for a path that is not where the layout keeps a run.
var ErrNotRun = errors.New("not a run's folder")

// Run is a run's folder and what its path tells.
type Run struct {
	// Path is the folder, without a trailing slash.
	Path       string
	Connection string
	// Type is presubmit or batch; empty for a postsubmit or periodic, which share a place.
	Type v1alpha1.JobType
	// RepoSegment is the repository of a presubmit as the layout writes it; empty for the default one where it has none.
	RepoSegment string
	// Pull is the number of a presubmit's pull request.
	Pull         int
	Job, BuildID string
}

// JobFolder holds the run and the other builds of its job, without a trailing slash.
func (r Run) JobFolder() string { return path.Dir(r.Path) }

// root is that of the run's connection.
func (r Run) root(layout logs.Layout) string { return layout.Root(r.Connection) }

// directory is the folder that leads from a presubmit's builds to their runs; empty for other types.
func (r Run) directory(layout logs.Layout) string {
	if r.Type != v1alpha1.Presubmit {
		return ""
	}
	return path.Join(r.root(layout), directoryPlace, path.Base(r.JobFolder()))
}

// Build ids that tell the time are milliseconds since this epoch above 22 bits: see package job.
const (
	buildEpochMillis = 1288834974657
	countBits        = 22
)

var firstTimedBuild = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

// madeAt is when a build id was made; zero when it does not tell.
func madeAt(build string) time.Time {
	n, err := strconv.ParseInt(build, 10, 64)
	if err != nil {
		return time.Time{}
	}
	made := time.UnixMilli(n>>countBits + buildEpochMillis)
	if made.Before(firstTimedBuild) {
		return time.Time{}
	}
	return made
}

// Locate says which run a folder belongs to, or ErrNotRun.
func Locate(layout logs.Layout, folder string) (Run, error) {
	rest, ok := below(strings.Trim(layout.Prefix, "/"), folder)
	if !ok {
		return Run{}, fmt.Errorf("%s: %w", folder, ErrNotRun)
	}
	run := Run{Path: folder, Connection: layout.DefaultConnection}
	parts := strings.Split(rest, "/")
	if parts[0] == connections && len(parts) > 2 {
		run.Connection, parts = unescape(parts[1]), parts[2:]
	}
	n := len(parts)
	if n < 3 || storage.CheckKey(folder) != nil {
		return Run{}, fmt.Errorf("%s: %w", folder, ErrNotRun)
	}
	run.Job, run.BuildID = unescape(parts[n-2]), unescape(parts[n-1])
	if !run.place(parts[:n-2]) {
		return Run{}, fmt.Errorf("%s: %w", folder, ErrNotRun)
	}
	return run, nil
}

func below(folder, key string) (string, bool) {
	if folder == "" {
		return key, true
	}
	return strings.CutPrefix(key, folder+"/")
}

// place reads what stands between the root and the job.
func (r *Run) place(parts []string) bool {
	if len(parts) == 1 {
		return parts[0] == jobPlace
	}
	if len(parts) < 3 || parts[0]+"/"+parts[1] != pullPlace {
		return false
	}
	if r.Type = v1alpha1.Presubmit; len(parts) == 3 && parts[2] == "batch" {
		r.Type = v1alpha1.Batch
		return true
	}
	var err error
	if r.Pull, err = strconv.Atoi(parts[len(parts)-1]); err != nil {
		return false
	}
	if len(parts) == 4 {
		r.RepoSegment = parts[2]
	}
	return len(parts) <= 4
}

// unescape turns a segment of a path back to the text it was made of.
func unescape(segment string) string {
	if segment == "%" {
		return "" // how the layout writes nothing
	}
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}

// Contents is what is directly in a run's folder.
type Contents struct {
	Run
	// Files by name; that of a folder ends with "/".
	Files map[string]storage.Entry
}

// Has says whether a file, or with a trailing slash a folder, is there.
func (c Contents) Has(name string) bool {
	_, ok := c.Files[name]
	return ok
}

// Written is when the last of the files was written; zero when there are none.
func (c Contents) Written() time.Time {
	var last time.Time
	for _, file := range c.Files {
		if file.ModTime.After(last) {
			last = file.ModTime
		}
	}
	return last
}

// Inspect lists a run's folder, at no cost for its artifacts.
func Inspect(ctx context.Context, store storage.Store, run Run) (Contents, error) {
	c := Contents{Run: run, Files: map[string]storage.Entry{}}
	folder := run.Path + "/"
	for entry, err := range store.Level(ctx, folder) {
		if err != nil {
			return Contents{}, fmt.Errorf("inspect run: %w", err)
		}
		c.Files[strings.TrimPrefix(entry.Key, folder)] = entry
	}
	return c, nil
}
