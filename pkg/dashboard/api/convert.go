package api

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

func (a *API) runOf(pj *v1alpha1.PipelineJob) Run {
	run := Run{
		Name: pj.Name, Job: pj.Spec.Job, Type: pj.Spec.Type, BuildID: pj.Spec.BuildID, State: pj.Status.State.Known(),
		Finished: pj.Status.State.Terminal(), Description: pj.Status.Description, Context: pj.Spec.Context,
		Optional: pj.Spec.Optional, Rerun: pj.Spec.RerunCommand, Connection: pj.Spec.Connection,
		Created: moment(&pj.CreationTimestamp), Began: moment(pj.Status.PendingTime), Completed: moment(pj.Status.CompletionTime),
		PipelineRun: pj.Status.PipelineRun, Namespace: logs.RunNamespace(pj), Delivery: pj.Spec.Delivery,
		LogPath: pj.Status.Log.Path, Archived: pj.Status.Log.Archived, LogMessage: pj.Status.Log.Message,
	}
	if refs := pj.Spec.Refs; refs != nil {
		run.Repo, run.RepoLink = refs.Org+"/"+refs.Repo, safeLink(refs.RepoLink)
		run.BaseRef, run.BaseSHA, run.BaseLink = refs.BaseRef, refs.BaseSHA, safeLink(refs.BaseLink)
		for _, p := range refs.Pulls {
			run.Pulls = append(run.Pulls, Pull{
				Number: p.Number, Author: p.Author, Title: p.Title, SHA: p.SHA, Link: safeLink(p.Link), CommitLink: safeLink(p.CommitLink),
			})
		}
	}
	if run.LogPath != "" && a.StoreURL != "" {
		run.LogURL = strings.TrimSuffix(a.StoreURL, "/") + "/" + run.LogPath + "/"
	}
	if run.LogPath != "" && a.BrowseURL != "" {
		run.BrowseLink = strings.TrimSuffix(a.BrowseURL, "/") + (&url.URL{Path: "/" + run.LogPath + "/"}).EscapedPath()
	}
	return run
}

func (a *API) runsOf(jobs []*v1alpha1.PipelineJob) []Run {
	runs := make([]Run, len(jobs))
	for i, pj := range jobs {
		runs[i] = a.runOf(pj)
	}
	return runs
}

// safeLink drops what is no address of a web page: links come from events, and a page must be able to offer them.
func safeLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return link
}

func stepsOf(infos []logs.StepInfo) []Step {
	steps := make([]Step, len(infos))
	for i, s := range infos {
		steps[i] = Step{
			Task: s.Task, Step: s.Step, Kind: cmp.Or(s.Kind, logs.KindStep), State: s.State, Reason: s.Reason, Message: s.Message, ExitCode: s.ExitCode,
			Started: moment(s.Start), Ended: moment(s.End), Lines: s.Lines, Bytes: s.Bytes, Incomplete: s.Incomplete,
		}
	}
	return steps
}

func conditionsOf(all []metav1.Condition) []Condition {
	conditions := make([]Condition, len(all))
	for i, c := range all {
		conditions[i] = Condition{Type: c.Type, Status: string(c.Status), Reason: c.Reason, Message: c.Message, Since: moment(&c.LastTransitionTime)}
	}
	return conditions
}

func reportsOf(all map[string]v1alpha1.ReportStatus) []Report {
	reports := []Report{}
	for name, r := range all {
		reports = append(reports, Report{Reporter: name, State: r.State, Status: r.Status, TargetURL: safeLink(r.TargetURL), Message: r.Message})
	}
	slices.SortFunc(reports, func(a, b Report) int { return strings.Compare(a.Reporter, b.Reporter) })
	return reports
}

func moment(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	return instant(t.Time)
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
