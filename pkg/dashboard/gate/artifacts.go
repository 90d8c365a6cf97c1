package gate

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Listing selects artifacts of a run.
type Listing struct {
	// Folder ends with a slash, or is empty for all.
	Folder string
	// After is the path behind which the page begins.
	After string
	// Deep lists the files in folders below too, and no folders.
	Deep  bool
	Limit int
}

// Artifacts lists one page of a run's files by path below its artifacts, sorted; folders end with a slash. More says that
// others follow.
func (r *Run) Artifacts(ctx context.Context, l Listing) (page []storage.Entry, more bool, err error) {
	root := path.Join(r.Folder(), logs.ArtifactsDir) + "/"
	if l.Folder != "" && (!strings.HasSuffix(l.Folder, "/") || storage.CheckKey(strings.TrimSuffix(l.Folder, "/")) != nil) {
		return nil, false, fmt.Errorf("list artifacts of %s: folder %q: %w", r.pj.Name, l.Folder, ErrNotFound)
	}
	list := r.gate.d.Store.Level
	if l.Deep {
		list = r.gate.d.Store.List
	}
	for entry, err := range list(ctx, root+l.Folder) {
		if err != nil {
			return nil, false, fmt.Errorf("list artifacts of %s: %w", r.pj.Name, err)
		}
		entry.Key = strings.TrimPrefix(entry.Key, root)
		if entry.Key <= l.After {
			continue
		}
		if len(page) == l.Limit {
			return page, true, nil
		}
		page = append(page, entry)
	}
	return page, false, nil
}

// ArtifactNames lists the files of the run whose name is wanted, sorted, among the first so many. More says that there are
// others that were not looked at.
func (r *Run) ArtifactNames(ctx context.Context, limit int, wanted func(name string) bool) (names []string, more bool, err error) {
	root := path.Join(r.Folder(), logs.ArtifactsDir) + "/"
	seen := 0
	for entry, err := range r.gate.d.Store.List(ctx, root) {
		if err != nil {
			return nil, false, fmt.Errorf("list artifacts of %s: %w", r.pj.Name, err)
		}
		if seen++; seen > limit {
			return names, true, nil
		}
		if name := strings.TrimPrefix(entry.Key, root); wanted(name) {
			names = append(names, name)
		}
	}
	return names, false, nil
}
