package inrepo

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// pac begins the annotations of Pipelines-as-Code.
const pac = "pipelinesascode.tekton.dev/"

// tekton reads what Pipelines-as-Code would.
func (g *reading) tekton(ctx context.Context) {
	vars := newVariables(g.event, g.Namespace)
	in := &inliner{reading: g, tasks: map[string]*pipelinev1.Task{}, pipelines: map[string]*pipelinev1.Pipeline{}}
	type located struct {
		object
		file string
	}
	var runs []located
	for _, f := range g.below(".tekton") {
		docs, found := strictyaml.ParseAll(f.Path, []byte(vars.hide(string(f.Data))))
		for _, doc := range docs {
			doc.Replace(vars.show)
		}
		objects, more := decodeObjects(f.Path, docs)
		for _, p := range append(found, more...) {
			p.Message = vars.show(p.Message)
			g.syntax([]strictyaml.Problem{p})
		}
		for _, o := range objects {
			if o.run != nil {
				runs = append(runs, located{o, f.Path})
			}
			in.offer(f.Path, &o)
		}
	}
	for _, run := range runs {
		if !g.broken(run.file) {
			g.pipelineRun(ctx, run.file, &run.object, in)
		}
	}
}

// pipelineRun makes a job of a PipelineRun that may be wanted for this kind of event.
func (g *reading) pipelineRun(ctx context.Context, file string, o *object, in *inliner) {
	line, column := o.doc.Position("metadata")
	at := job.Source{File: file, Line: line, Column: column}
	m, err := g.match(ctx, o.meta.Annotations)
	if err != nil {
		line, column := o.doc.Position("metadata.annotations[" + err.annotation + "]")
		g.add(Problem{File: file, Line: line, Column: column, Message: err.Error()})
		return
	}
	if !m.wanted {
		return
	}
	from := len(g.pins)
	if path, err := in.inline(ctx, o); err != nil {
		line, column := o.doc.Position(path)
		g.add(Problem{File: file, Line: line, Column: column, Message: err.Error()})
		return
	}
	if dropGitAuth(&o.run.Spec) {
		line, column := o.doc.Position("spec")
		g.add(Problem{File: file, Line: line, Column: column, Warning: true,
			Message: "the secret named git_auth_secret does not exist: no run is given a login to the forge", Remedy: "use a secret of your own"})
	}
	base := g.baseOf(o, at)
	if pins := g.pins[from:]; len(pins) > 0 {
		base.Annotations[annotationPins] = strings.Join(pins, ", ")
	}
	g.origins[at] = document{Document: o.doc, file: file, below: "spec"}
	when := job.ChangeMatcher{When: m.when}
	if !g.event.pull() {
		g.postsubmit(&job.Postsubmit{Base: base, ChangeMatcher: when})
		return
	}
	p := &job.Presubmit{Base: base, ChangeMatcher: when}
	if m.comment != "" {
		p.RerunCommand = "/test " + base.Name
		p.Trigger = fmt.Sprintf(`(?:%s)|(?m:^/test( | .* )%s,?($|\s.*))`, m.comment, regexp.QuoteMeta(base.Name))
	}
	g.presubmit(p)
}

// annotationPins lists the files from outside of the repository that a job's pipeline was made of, each with its digest.
const annotationPins = "pharos-ci.dev/remote-files"

func (g *reading) baseOf(o *object, at job.Source) job.Base {
	name := o.meta.Name
	if name == "" {
		name = strings.TrimRight(o.meta.GenerateName, "-")
	}
	annotations := map[string]string{}
	for key, value := range o.meta.Annotations {
		annotations[key] = value
	}
	no := false
	return job.Base{
		Name: name, Labels: o.meta.Labels, Annotations: annotations, Agent: job.AgentTekton, Decorate: &no,
		PipelineRunSpec: &o.run.Spec, Source: at,
	}
}
