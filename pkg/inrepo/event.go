package inrepo

import (
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Event is what jobs are read for.
type Event struct {
	Repo scm.Repo
	// Refs are what the jobs will test, and where they are read from; CloneURI is required.
	Refs v1alpha1.Refs
	// FromBase reads the base alone, where the heads' own files are not to be trusted.
	FromBase bool

	// What follows fills variables and conditions; any of it may be empty.
	Sender string
	// Before is the commit before a push.
	Before string
	// Link is the repository's page, SourceURL that of the repository that holds the head.
	Link, SourceURL string
	// Title of the pull request.
	Title  string
	Labels []string
	// Comment is what somebody wrote to cause the event.
	Comment string
}

// Pull says that the event is about a pull request, and not a push.
func (e *Event) pull() bool { return len(e.Refs.Pulls) > 0 }

// kind is Pipelines-as-Code's name of the event.
func (e *Event) kind() string {
	if e.pull() {
		return "pull_request"
	}
	return "push"
}

// revision is the commit that the event is about: a pull request's head, as Pipelines-as-Code has it.
func (e *Event) revision() string {
	if e.pull() {
		return e.Refs.Pulls[0].SHA
	}
	return e.Refs.BaseSHA
}

func (e *Event) sourceBranch() string {
	if e.pull() {
		return e.Refs.Pulls[0].HeadRef
	}
	return e.Refs.BaseRef
}

// target is the branch that the event is about, or the full ref of a tag.
func (e *Event) target() string { return strings.TrimPrefix(e.Refs.BaseRef, "refs/heads/") }

func (e *Event) sourceURL() string {
	if e.SourceURL != "" {
		return e.SourceURL
	}
	return e.Link
}

// refs are what the files are read from.
func (e *Event) refs() v1alpha1.Refs {
	refs := e.Refs
	if e.FromBase {
		refs.Pulls = nil
	}
	return refs
}

// key is equal for events whose files are equal.
func (e *Event) key() string {
	refs := e.refs()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", e.Repo, refs.CloneURI, refs.BaseSHA)
	for _, p := range refs.Pulls {
		b.WriteString(" " + p.SHA)
	}
	return b.String()
}

// Found is what a repository keeps.
type Found struct {
	// Presubmits of a pull request's repository, or Postsubmits of a push, ready to be decided on.
	Presubmits  []*job.Presubmit
	Postsubmits []*job.Postsubmit
	// Problems with files, errors and warnings, by place. Files with an error have no jobs.
	Problems []Problem
	// Files is how many were read. Content names what is in them: equal content is the same configuration.
	Files   int
	Content string
}

// Broken says that some file could not be used.
func (f *Found) Broken() bool {
	for _, p := range f.Problems {
		if !p.Warning {
			return true
		}
	}
	return false
}
