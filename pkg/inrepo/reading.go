package inrepo

import (
	"context"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/job"
)

// reading is one event's reading.
type reading struct {
	*Reader
	*Settings
	event *Event
	tree  *git.Tree
	problems
	// origins lead from a job to the file that its Tekton spec was written in.
	origins map[job.Source]document
	// kinds are the changed files by how they changed, once somebody has asked.
	kinds map[string][]string
	// pins are the files from outside that were read, each with its digest.
	pins []string
	// dropped are jobs that cannot run, though the file that names them is good.
	dropped map[job.Source]bool
	// documents are all files with jobs, by name.
	documents map[string]document
	found     job.Static
}

// run reads every form, then resolves and checks all jobs together.
func (g *reading) run(ctx context.Context) *Found {
	g.documents, g.dropped = map[string]document{}, map[job.Source]bool{}
	g.found = job.Static{Presubmits: map[string][]*job.Presubmit{}, Postsubmits: map[string][]*job.Postsubmit{}}
	for _, f := range g.tree.Files {
		if f.Data == nil {
			g.add(Problem{File: f.Path, Message: fmt.Sprintf("the file is larger than %d KiB", git.MaxFile>>10), Remedy: "split it"})
		}
	}
	for _, read := range []func(context.Context){g.prow, g.lighthouse, g.tekton} {
		read(ctx)
	}
	found := &Found{Files: len(g.tree.Files), Content: content(g.tree.Files)}
	g.compile(found)
	found.Problems = g.sorted()
	return found
}

// key is what the jobs are collected under; the files themselves do not name their repository.
func (g *reading) repoKey() string {
	return g.event.Repo.String()
}

func (g *reading) presubmit(p *job.Presubmit) {
	g.found.Presubmits[g.repoKey()] = append(g.found.Presubmits[g.repoKey()], p)
}

func (g *reading) postsubmit(p *job.Postsubmit) {
	g.found.Postsubmits[g.repoKey()] = append(g.found.Postsubmits[g.repoKey()], p)
}

// below lists the files in a folder with one of the endings.
func (g *reading) below(folder string) []git.File {
	var files []git.File
	for _, f := range g.tree.Files {
		if strings.HasPrefix(f.Path, folder+"/") && isYAML(f.Path) && f.Data != nil {
			files = append(files, f)
		}
	}
	return files
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// compile resolves the jobs of all good files and hands out those without an error.
func (g *reading) compile(found *Found) {
	for _, jobs := range g.found.Presubmits {
		for _, p := range jobs {
			g.confine(&p.Base)
		}
	}
	for _, jobs := range g.found.Postsubmits {
		for _, p := range jobs {
			g.confine(&p.Base)
		}
	}
	g.found.Presets = append(g.found.Presets, g.Presets...)
	defaults := g.Defaults
	defaults.Connection, defaults.Connections = g.event.Repo.Connection, nil
	set, compiled := job.Compile(g.found, defaults)
	if g.Static != nil {
		compiled = append(compiled, job.Clashes(g.event.Repo, g.Static, set)...)
	}
	for _, p := range compiled {
		g.add(g.place(p))
	}
	for _, p := range set.Presubmits(g.event.Repo) {
		if g.event.pull() && g.usable(p.Source) {
			found.Presubmits = append(found.Presubmits, p)
		}
	}
	for _, p := range set.Postsubmits(g.event.Repo) {
		if !g.event.pull() && g.usable(p.Source) {
			found.Postsubmits = append(found.Postsubmits, p)
		}
	}
}

func (g *reading) usable(at job.Source) bool { return !g.broken(at.File) && !g.dropped[at] }

// confine keeps a job to the clusters and the namespace that it may use.
func (g *reading) confine(b *job.Base) {
	cluster := b.Cluster
	if cluster == "" {
		cluster = "default"
	}
	if !g.allowsCluster(g.event.Repo, cluster) {
		g.add(g.place(job.Problem{At: b.Source, Field: "cluster",
			Message: fmt.Sprintf("cluster %q is not allowed for %s", cluster, g.event.Repo.FullName()),
			Remedy:  "name one of in_repo_config.allowed_clusters"}))
	}
	if b.Namespace != "" && b.Namespace != g.Namespace {
		g.add(g.place(job.Problem{At: b.Source, Field: "namespace", Warning: true,
			Message: fmt.Sprintf("namespace %q is not used: jobs kept in a repository run in %s", b.Namespace, g.Namespace), Remedy: "remove it"}))
		b.Namespace = ""
	}
}

// place finds the line of a problem that compiling found: in the file of the spec if it is about the spec, else in the
// file of the job.
func (g *reading) place(p job.Problem) Problem {
	out := Problem{File: p.At.File, Line: p.At.Line, Column: p.At.Column, Warning: p.Warning, Message: p.Message, Remedy: p.Remedy}
	if origin, ok := g.origins[p.At]; ok && isSpec(p.Field) {
		out.File = origin.file
		out.Line, out.Column = origin.at(p)
		if origin.file != p.At.File && !p.Warning { // the job's own file may hold others that are good
			g.dropped[p.At] = true
		}
		return out
	}
	if doc, ok := g.documents[p.At.File]; ok && p.At.Path != "" {
		out.Line, out.Column = doc.Position(p.Path())
	}
	return out
}

const specKey = "pipeline_run_spec"

func isSpec(field string) bool { return field == specKey || strings.HasPrefix(field, specKey+".") }

// specPath is the place of a spec's key in the object that the spec was taken from.
func specPath(field, below string) string {
	if !isSpec(field) {
		return field
	}
	return below + strings.TrimPrefix(field, specKey)
}
