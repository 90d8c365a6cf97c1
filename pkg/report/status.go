package report

import (
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

const (
	// defaultLimit is the length that GitHub keeps of a description, and what Prow cuts to.
	defaultLimit = 140
	// baseSHA introduces the base commit at the end of a description. Merge automation reads it back, Prow's too.
	baseSHA = " BaseSHA:"
	// leastText is how much of a description must stay readable beside the base commit, in characters.
	leastText = 16
	elision   = " ... "
)

// Status is the commit status that says how a run stands. The description is at most limit characters long, 140 when
// limit is 0, shortened in its middle; a presubmit's ends with the base commit it was tested on, if that fits.
func Status(pj *v1alpha1.PipelineJob, limit int) scm.Status {
	if limit <= 0 {
		limit = defaultLimit
	}
	state, description := describe(pj.Status.State)
	if text := strings.Join(strings.Fields(pj.Status.Description), " "); text != "" {
		description = text
	}
	suffix := ""
	if pj.Spec.Type == v1alpha1.Presubmit && pj.Spec.Refs != nil && pj.Spec.Refs.BaseSHA != "" {
		suffix = baseSHA + pj.Spec.Refs.BaseSHA
	}
	if len(suffix) > limit-leastText {
		suffix = ""
	}
	return scm.Status{
		Context:     pj.Spec.Context,
		State:       state,
		Description: shorten(description, limit-len(suffix)) + suffix,
		TargetURL:   pj.Status.URL,
	}
}

// describe maps a run's state to the forge's and gives the words for a run that has none of its own.
func describe(s v1alpha1.JobState) (scm.StatusState, string) {
	switch s {
	case v1alpha1.StateSuccess:
		return scm.StatusSuccess, "Succeeded."
	case v1alpha1.StateFailure:
		return scm.StatusFailure, "Failed."
	case v1alpha1.StateAborted:
		return scm.StatusFailure, "Cancelled before it ended."
	case v1alpha1.StateError:
		return scm.StatusError, "Could not be run."
	case v1alpha1.StatePending:
		return scm.StatusPending, "Running."
	default:
		return scm.StatusPending, "Waiting to run."
	}
}

// shorten cuts the middle of a text, because the beginning says what happened and the end often says why.
func shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	if limit <= len(elision)+1 {
		return string(runes[:limit])
	}
	keep := limit - len(elision)
	tail := keep / 2
	return string(runes[:keep-tail]) + elision + string(runes[len(runes)-tail:])
}
