package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// maxBuildID is more than any build id has.
const maxBuildID = 256

// newest is what a folder of builds holds, and what its latest-build.txt says.
type newest struct {
	build string // empty when there is none
	noted string
	etag  string // of the note
	there bool   // the note is there
}

// newestOf looks at a job's folder, or at one of the directory, where builds are text files.
func newestOf(ctx context.Context, store storage.Store, folder string) (newest, error) {
	n, err := noted(ctx, store, folder)
	if err != nil {
		return newest{}, err
	}
	err = n.find(ctx, store, folder, "")
	return n, err
}

// find looks for the newest build but one.
func (n *newest) find(ctx context.Context, store storage.Store, folder, but string) error {
	for entry, err := range store.Level(ctx, folder+"/") {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(entry.Key, folder+"/")
		build, isFolder := strings.CutSuffix(name, "/")
		build, isText := strings.CutSuffix(build, ".txt")
		if (isFolder || isText) && isNumber(build) && build != but && v1alpha1.CompareBuilds(build, n.build) > 0 {
			n.build = build
		}
	}
	return nil
}

// noted reads latest-build.txt.
func noted(ctx context.Context, store storage.Store, folder string) (newest, error) {
	var n newest
	text, info, err := readObject(ctx, store, path.Join(folder, latestFile), maxBuildID)
	switch {
	case errors.Is(err, storage.ErrNotExist):
		return n, nil
	case errors.Is(err, ErrUnreadable): // whatever it says, it is no build
	case err != nil:
		return newest{}, err
	default:
		n.noted = strings.TrimSpace(string(text))
	}
	n.there, n.etag = true, info.ETag
	return n, nil
}

// right says that the note names the newest build. Builds that are no numbers have no order, so any of them is right.
func (n newest) right() bool {
	if n.build == "" && n.noted != "" && !isNumber(n.noted) {
		return true
	}
	return n.build == n.noted && n.there == (n.build != "")
}

// correct makes the note right, unless somebody else has changed it meanwhile: a run that begins.
func (n newest) correct(ctx context.Context, store storage.Store, folder string) error {
	key := path.Join(folder, latestFile)
	if n.build == "" {
		return store.Delete(ctx, key)
	}
	opts := storage.PutOptions{ContentType: "text/plain; charset=utf-8", IfAbsent: !n.there, IfMatch: n.etag}
	err := store.Put(ctx, key, bytes.NewReader([]byte(n.build)), opts)
	if errors.Is(err, storage.ErrExists) || errors.Is(err, storage.ErrChanged) {
		return nil
	}
	return err
}

// forget makes the note of a folder name another build than one that is being removed.
func forget(ctx context.Context, store storage.Store, folder, build string) error {
	n, err := noted(ctx, store, folder)
	if err != nil || n.noted != build {
		return err
	}
	if err := n.find(ctx, store, folder, build); err != nil {
		return err
	}
	return n.correct(ctx, store, folder)
}

// latest checks latest-build.txt of one folder, but for builds that begin.
func (v *verifier) latest(folder string) check {
	return func(ctx context.Context) ([]Finding, error) {
		n, err := newestOf(ctx, v.store, folder)
		if err != nil || n.right() || v.o.Live(path.Join(folder, n.build)) || v.now.Sub(madeAt(n.build)) < v.o.Age {
			return nil, err
		}
		detail := fmt.Sprintf("%s names build %q, the newest is %q", latestFile, n.noted, n.build)
		if !n.there {
			detail = fmt.Sprintf("%s is not there, the newest build is %q", latestFile, n.build)
		}
		return []Finding{{
			Path: folder, Problem: LatestWrong, Detail: detail, Remedy: "repair, which writes it anew",
			repair: func(ctx context.Context) error { return n.correct(ctx, v.store, folder) },
		}}, nil
	}
}
