package report

import (
	"cmp"
	"slices"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Wanted says whether a run gets a commit status at all: presubmits and postsubmits do unless their job skips reports.
// Periodics have no commit that anybody waits for, and a batch stands for several heads.
func Wanted(pj *v1alpha1.PipelineJob) bool {
	if !pj.Spec.Report || pj.Spec.Context == "" {
		return false
	}
	_, sha := Commit(pj)
	return sha != "" && (pj.Spec.Type == v1alpha1.Presubmit || pj.Spec.Type == v1alpha1.Postsubmit)
}

// Commit is what the run's status goes to: the head of its pull request, or the pushed commit. The SHA is empty where
// there is none.
func Commit(pj *v1alpha1.PipelineJob) (repo scm.Repo, sha string) {
	refs := pj.Spec.Refs
	if refs == nil {
		return scm.Repo{}, ""
	}
	repo = scm.Repo{Connection: pj.Spec.Connection, Org: refs.Org, Name: refs.Repo}
	if pj.Spec.Type != v1alpha1.Presubmit {
		return repo, refs.BaseSHA
	}
	if len(refs.Pulls) != 1 {
		return repo, ""
	}
	return repo, refs.Pulls[0].SHA
}

// Pull is the pull request whose thread hears of the run; ok is false for anything but a presubmit that reports.
func Pull(pj *v1alpha1.PipelineJob) (ref scm.PullRef, ok bool) {
	if pj.Spec.Type != v1alpha1.Presubmit || !Wanted(pj) {
		return scm.PullRef{}, false
	}
	repo, _ := Commit(pj)
	return scm.PullRef{Repo: repo, Number: pj.Spec.Refs.Pulls[0].Number}, true
}

// Compare orders runs by age, older first.
func Compare(a, b *v1alpha1.PipelineJob) int {
	return cmp.Or(v1alpha1.CompareBuilds(a.Spec.BuildID, b.Spec.BuildID),
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Name, b.Name))
}

// Newest is the newest run of each context, in the order of the contexts. Only it may speak for the context on a commit.
func Newest(runs []*v1alpha1.PipelineJob) []*v1alpha1.PipelineJob {
	newest := map[string]*v1alpha1.PipelineJob{}
	for _, pj := range runs {
		if last, ok := newest[pj.Spec.Context]; !ok || Compare(last, pj) < 0 {
			newest[pj.Spec.Context] = pj
		}
	}
	result := make([]*v1alpha1.PipelineJob, 0, len(newest))
	for _, pj := range newest {
		result = append(result, pj)
	}
	slices.SortFunc(result, func(a, b *v1alpha1.PipelineJob) int { return cmp.Compare(a.Spec.Context, b.Spec.Context) })
	return result
}

// Results are the runs that decide what a pull request's comment says: of its head, which is the commit of its newest run,
// the newest finished run of each context. Runs that were aborted for a newer one count as never started, and runs that
// belong into no thread are left out.
func Results(runs []*v1alpha1.PipelineJob) []*v1alpha1.PipelineJob {
	runs = slices.DeleteFunc(slices.Clone(runs), func(pj *v1alpha1.PipelineJob) bool {
		_, ok := Pull(pj)
		return !ok
	})
	if len(runs) == 0 {
		return nil
	}
	_, head := Commit(slices.MaxFunc(runs, Compare))
	atHead := slices.DeleteFunc(runs, func(pj *v1alpha1.PipelineJob) bool {
		_, sha := Commit(pj)
		return sha != head
	})
	last := map[string]*v1alpha1.PipelineJob{}
	for _, pj := range Newest(atHead) {
		last[pj.Spec.Context] = pj
	}
	return Newest(slices.DeleteFunc(atHead, func(pj *v1alpha1.PipelineJob) bool {
		replaced := pj.Status.State == v1alpha1.StateAborted && last[pj.Spec.Context] != pj
		return !pj.Status.State.Terminal() || replaced
	}))
}
