package inrepo

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/job"
)

// matching is what the annotations of a PipelineRun say about an event.
type matching struct {
	// wanted is false when the run is for another kind of event.
	wanted bool
	// when is the condition; nil means that only a command starts the run.
	when job.Condition
	// comment is the expression of comments that start the run.
	comment string
}

// annotationError is a mistake in an annotation.
type annotationError struct {
	annotation string
	err        error
}

func (e *annotationError) Error() string {
	return fmt.Sprintf("annotation %s: %v", e.annotation, e.err)
}

// match reads the annotations that say when a PipelineRun runs. An on-cel-expression replaces the simple ones.
func (g *reading) match(ctx context.Context, annotations map[string]string) (matching, *annotationError) {
	var m matching
	comment, commented := annotations[pac+"on-comment"]
	if commented && g.event.pull() {
		if _, err := regexp.Compile(comment); err != nil {
			return m, &annotationError{pac + "on-comment", err}
		}
		m.comment = comment
	}
	if text, ok := annotations[pac+"on-cel-expression"]; ok {
		when, err := celCondition(g.event, text, func() (map[string][]string, error) { return g.changesByKind(ctx) })
		if err != nil {
			return m, &annotationError{pac + "on-cel-expression", err}
		}
		m.wanted, m.when = true, when
		return m, nil
	}
	s, err := readSimple(annotations)
	if err != nil {
		return m, err
	}
	switch {
	case s.events == nil && s.branches == nil: // only by its name, or by a comment
		m.wanted = g.event.pull()
	case slices.Contains(s.events, g.event.kind()):
		m.wanted, m.when = true, s.condition(g.event)
	default:
		m.wanted = m.comment != ""
	}
	return m, nil
}

// simple is the annotations without an expression.
type simple struct {
	events, branches, paths, ignored, labels []string
	branchGlobs, pathGlobs, ignoredGlobs     []*regexp.Regexp
}

func readSimple(annotations map[string]string) (*simple, *annotationError) {
	s := &simple{}
	for _, one := range []struct {
		name   string
		values *[]string
		globs  *[]*regexp.Regexp
	}{
		{"on-event", &s.events, nil},
		{"on-target-branch", &s.branches, &s.branchGlobs},
		{"on-path-change", &s.paths, &s.pathGlobs},
		{"on-path-change-ignore", &s.ignored, &s.ignoredGlobs},
		{"on-label", &s.labels, nil},
	} {
		text, ok := annotations[pac+one.name]
		if !ok {
			continue
		}
		values, err := annotationValues(text)
		if err != nil {
			return nil, &annotationError{pac + one.name, err}
		}
		*one.values = values
		if one.globs == nil {
			continue
		}
		for _, v := range values {
			if one.name == "on-target-branch" && !strings.HasPrefix(v, "refs/heads/") && !strings.HasPrefix(v, "refs/tags/") {
				v = "refs/heads/" + v
			}
			re, err := glob(v)
			if err != nil {
				return nil, &annotationError{pac + one.name, err}
			}
			*one.globs = append(*one.globs, re)
		}
	}
	return s, nil
}

// annotationValues reads "value" or "[one, two]"; a comma inside of a value is written &#44;.
func annotationValues(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	inner, list := strings.CutPrefix(text, "[")
	if list {
		var closed bool
		if inner, closed = strings.CutSuffix(inner, "]"); !closed {
			return nil, fmt.Errorf("%q begins a list that does not end; write [one, two]", text)
		}
	}
	parts := []string{inner}
	if list {
		parts = strings.Split(inner, ",")
	}
	var values []string
	for _, part := range parts {
		part = strings.Trim(strings.TrimSpace(part), `"'`)
		if part = strings.ReplaceAll(part, "&#44;", ","); part != "" {
			values = append(values, part)
		}
	}
	switch {
	case len(values) == 0:
		return nil, fmt.Errorf("%q has no value", text)
	case !list && strings.ContainsAny(text, "[] \t\n"):
		return nil, fmt.Errorf("%q is neither one value nor a list like [one, two]", text)
	}
	return values, nil
}

// condition asks in the order in which answers cost more.
func (s *simple) condition(e *Event) job.Condition {
	ref, target := fullRef(e.Refs.BaseRef), e.target()
	return func(changed func() ([]string, error)) (bool, string, error) {
		switch {
		case s.branches == nil:
			return false, "has no on-target-branch annotation", nil
		case !anyMatches(s.branchGlobs, ref):
			return false, fmt.Sprintf("on-target-branch %s does not match %s", strings.Join(s.branches, ", "), target), nil
		case s.labels != nil && !slices.ContainsFunc(s.labels, func(l string) bool { return slices.Contains(e.Labels, l) }):
			return false, "has none of the labels of on-label: " + strings.Join(s.labels, ", "), nil
		case s.paths == nil && s.ignored == nil:
			return true, "on-event and on-target-branch match", nil
		}
		files, err := changed()
		if err != nil {
			return false, "", err
		}
		return s.touched(files)
	}
}

// touched compares the changed files: one that is ignored decides against the run, whatever else changed.
func (s *simple) touched(files []string) (bool, string, error) {
	for _, f := range files {
		if anyMatches(s.ignoredGlobs, f) {
			return false, "on-path-change-ignore matches " + f, nil
		}
	}
	if s.paths == nil {
		return true, "on-path-change-ignore matches no changed file", nil
	}
	for _, f := range files {
		if anyMatches(s.pathGlobs, f) {
			return true, "on-path-change matches " + f, nil
		}
	}
	return false, "on-path-change matches no changed file", nil
}

func anyMatches(globs []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(globs, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

func fullRef(ref string) string {
	if strings.HasPrefix(ref, "refs/") {
		return ref
	}
	return "refs/heads/" + ref
}

// OnLabel says whether a job is one that a label of that name starts.
func OnLabel(b *job.Base, label string) bool {
	values, err := annotationValues(b.Annotations[pac+"on-label"])
	return err == nil && slices.Contains(values, label)
}
