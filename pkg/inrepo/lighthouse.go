package inrepo

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// triggerFile is .lighthouse/triggers.yaml, or the same one folder below.
type triggerFile struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   strictyaml.Raw `json:"metadata"`
	Spec       struct {
		Presubmits  []*job.Presubmit  `json:"presubmits"`
		Postsubmits []*job.Postsubmit `json:"postsubmits"`
		Periodics   strictyaml.Raw    `json:"periodics"`
		Deployments strictyaml.Raw    `json:"deployments"`
	} `json:"spec"`
	Status strictyaml.Raw `json:"status"`
}

// lighthouse reads what Lighthouse would.
func (g *reading) lighthouse(ctx context.Context) {
	for _, f := range g.tree.Files {
		if isTriggers(f.Path) && f.Data != nil {
			g.triggers(ctx, f)
		}
	}
}

// isTriggers says whether a path is one that Lighthouse looks at.
func isTriggers(name string) bool {
	parts := strings.Split(name, "/")
	return parts[0] == ".lighthouse" && parts[len(parts)-1] == "triggers.yaml" &&
		(len(parts) == 2 || (len(parts) == 3 && !strings.HasPrefix(parts[1], ".")))
}

func (g *reading) triggers(ctx context.Context, f git.File) {
	doc, found := strictyaml.Parse(f.Path, f.Data)
	var file triggerFile
	if doc != nil {
		found = append(found, doc.Decode(&file)...)
		g.documents[f.Path] = document{Document: doc, file: f.Path}
	}
	g.syntax(found)
	if g.broken(f.Path) {
		return
	}
	for key, part := range map[string]strictyaml.Raw{"periodics": file.Spec.Periodics, "deployments": file.Spec.Deployments} {
		if !part.IsZero() {
			line, column := doc.Position("spec." + key)
			g.add(Problem{File: f.Path, Line: line, Column: column, Warning: true, Message: key + " are not read from a repository"})
		}
	}
	for _, p := range file.Spec.Presubmits {
		g.command(p)
		if g.source(ctx, &p.Base) {
			g.presubmit(p)
		}
	}
	for _, p := range file.Spec.Postsubmits {
		if g.source(ctx, &p.Base) {
			g.postsubmit(p)
		}
	}
}

// command drops a trigger that its own rerun_command does not match, which Lighthouse runs with the usual commands.
func (g *reading) command(p *job.Presubmit) {
	if p.Trigger == "" && p.RerunCommand == "" {
		return
	}
	re, err := regexp.Compile(p.Trigger)
	if err == nil && p.Trigger != "" && re.MatchString(p.RerunCommand) {
		return
	}
	g.add(g.place(job.Problem{At: p.Source, Field: "trigger", Warning: true,
		Message: fmt.Sprintf("trigger %q and rerun_command %q do not fit together; the job answers to /test %s", p.Trigger, p.RerunCommand, p.Name),
		Remedy:  "correct one of them"}))
	p.Trigger, p.RerunCommand = "", ""
}

// source replaces the name of a job's pipeline by the pipeline. It answers false when that failed, and has told why.
func (g *reading) source(ctx context.Context, b *job.Base) bool {
	if b.Decorate == nil { // Lighthouse's pipelines clone for themselves
		no := false
		b.Decorate = &no
	}
	if b.PipelineSource == "" {
		return true
	}
	if b.Agent == "" || b.Agent == "tekton" {
		b.Agent = job.AgentTekton
	}
	named := b.PipelineSource
	spec, origin, err := g.pipelineAt(ctx, path.Dir(b.Source.File), named)
	if err != nil {
		if origin.file == "" { // else its own problems are told already
			p := g.place(job.Problem{At: b.Source, Field: "source", Message: err.Error()})
			p.single = true
			g.add(p)
		}
		return false
	}
	b.PipelineSource = ""
	b.PipelineRunSpec = spec
	g.origins[b.Source] = origin
	return true
}

// pipelineAt loads a pipeline from a file beside the triggers, or from an address.
func (g *reading) pipelineAt(ctx context.Context, dir, named string) (*pipelinev1.PipelineRunSpec, document, error) {
	file := named
	var data []byte
	var err error
	if isURL(named) {
		data, err = g.remoteFile(ctx, named)
	} else {
		file = path.Join(dir, named)
		data, err = g.own(ctx, file)
		dir = path.Dir(file)
	}
	if err != nil {
		return nil, document{}, fmt.Errorf("source %s: %w", named, err)
	}
	o, found := readObject(file, data)
	g.syntax(found)
	if o == nil {
		return nil, document{file: file}, fmt.Errorf("source %s is broken", named)
	}
	origin := document{Document: o.doc, file: file, below: "spec"}
	l := &lighthousePipelines{reading: g, dir: dir}
	spec, err := l.complete(ctx, o)
	if err != nil {
		g.add(Problem{File: file, Line: 1, Column: 1, Message: err.Error()})
		return nil, origin, err
	}
	return spec, origin, nil
}

// own reads a file of the repository that must exist.
func (g *reading) own(ctx context.Context, name string) ([]byte, error) {
	data, ok, err := g.file(ctx, name)
	if err == nil && !ok {
		err = fmt.Errorf("%s does not exist in the repository", name)
	}
	return data, err
}

func hard(found []strictyaml.Problem) bool {
	for _, p := range found {
		if !p.Loose {
			return true
		}
	}
	return false
}

func isURL(s string) bool { return strings.Contains(s, "://") }
