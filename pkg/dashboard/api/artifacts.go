package api

import (
	"compress/gzip"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/junit"
	"github.com/pharos-ci/pharos/pkg/dashboard/raw"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// artifactPolicy makes a file of a job a stranger: without scripts, forms or an origin. Pages may show it in a frame.
const artifactPolicy = "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; media-src 'self'; frame-ancestors 'self'"

func (a *API) artifacts(ctx context.Context, in *artifactsInput) (*ArtifactPage, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	entries, more, err := run.Artifacts(ctx, gate.Listing{Folder: in.Prefix, After: in.After, Deep: in.Deep, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	page := &ArtifactPage{Artifacts: []Artifact{}, Folders: []string{}}
	for _, e := range entries {
		if strings.HasSuffix(e.Key, "/") {
			page.Folders = append(page.Folders, e.Key)
			continue
		}
		page.Artifacts = append(page.Artifacts, Artifact{
			Path: e.Key, Size: e.Size, Modified: instant(e.ModTime), Type: mediaType(e.Key, ""), URL: artifactURL(in.Name, e.Key),
		})
	}
	if more {
		page.Next = entries[len(entries)-1].Key
	}
	return page, nil
}

func artifactURL(run, name string) string {
	return Prefix + "/runs/" + url.PathEscape(run) + "/artifacts" + (&url.URL{Path: "/" + name}).EscapedPath()
}

// mediaType goes by the name, because that is what a browser shows; what the store says counts for names that tell nothing.
func mediaType(name, stored string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".log", ".txt", ".out", ".err", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".sh", ".go", ".py", ".diff", ".patch", ".env":
		return "text/plain; charset=utf-8"
	case ".md", ".markdown":
		return "text/markdown; charset=utf-8"
	case ".json", ".jsonl", ".ndjson":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	if t, _, err := mime.ParseMediaType(stored); err == nil && t != "application/octet-stream" {
		return stored
	}
	if path.Ext(name) == "" {
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// artifact serves one file. What is stored compressed goes out so to clients that take it.
func (a *API) artifact(w http.ResponseWriter, r *http.Request, in *artifactInput) error {
	run, err := a.Gate.Run(r.Context(), in.Name)
	if err != nil {
		return err
	}
	info, err := run.ArtifactInfo(r.Context(), in.Path)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", artifactPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", mediaType(in.Path, info.ContentType))
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": fileName(path.Base(in.Path))}))
	open := func(ctx context.Context, rng storage.Range) (*storage.Object, error) {
		return run.Artifact(ctx, in.Path, rng)
	}
	switch {
	case info.ContentEncoding == "":
		return raw.Serve(r.Context(), w, r, open)
	case info.ContentEncoding == "gzip" && !acceptsGzip(r):
		return inflate(w, r, open)
	}
	h.Set("Content-Encoding", info.ContentEncoding)
	h.Set("Vary", "Accept-Encoding")
	return raw.Serve(r.Context(), w, r, open)
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if (name == "gzip" || name == "*") && strings.ReplaceAll(quality, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// inflate serves a compressed file to a client that cannot read it. Its size is not known before the end.
func inflate(w http.ResponseWriter, r *http.Request, open raw.Open) error {
	object, err := open(r.Context(), storage.Range{})
	if err != nil {
		return err
	}
	defer func() { _ = object.Body.Close() }() // all that matters was read, or reading failed
	text, err := gzip.NewReader(object.Body)
	if err != nil {
		return fmt.Errorf("read compressed file: %w", err)
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if r.Method != http.MethodHead {
		raw.Copy(w, r, text)
	}
	return nil
}

// Bounds of the search for JUnit files.
const (
	// mostListed is how many artifacts are looked at, mostReports how many are read.
	mostListed  = 50_000
	mostReports = 500
)

func (a *API) tests(ctx context.Context, in *RunInput) (*junit.TestReport, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	end, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	report := junit.New()
	names, more, err := run.ArtifactNames(ctx, mostListed, isReport)
	if err != nil {
		return nil, err
	}
	if more || len(names) > mostReports {
		report.Miss("There are more files than are looked at.")
	}
	for _, name := range names[:min(len(names), mostReports)] {
		if report.Full() {
			break
		}
		if err := addReport(ctx, run, report, name); err != nil {
			return nil, err
		}
	}
	report.Finish()
	return report, nil
}

// isReport goes by Prow's convention: junit*.xml in any folder.
func isReport(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(strings.ToLower(base), "junit") && path.Ext(base) == ".xml"
}

func addReport(ctx context.Context, run *gate.Run, report *junit.TestReport, name string) error {
	object, err := run.Artifact(ctx, name, storage.Range{})
	if err != nil {
		return err
	}
	defer func() { _ = object.Body.Close() }() // all that matters was read, or reading failed
	if object.ContentEncoding != "gzip" {
		report.Add(name, object.Body)
		return nil
	}
	text, err := gzip.NewReader(object.Body)
	if err != nil {
		report.Miss(name + " is stored compressed and cannot be read.")
		return nil
	}
	report.Add(name, text)
	return nil
}
