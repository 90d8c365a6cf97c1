package history_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/history"
)

const repositories, jobsOfRepository = 40, 25

// years makes n runs of a busy place, a minute apart.
func years(n int) []*v1alpha1.PipelineJob {
	rnd := rand.New(rand.NewPCG(5, 6))
	jobs := make([]*v1alpha1.PipelineJob, n)
	for i := range jobs {
		at := start.Add(time.Duration(i) * time.Minute)
		began, ended := metav1.NewTime(at), metav1.NewTime(at.Add(time.Duration(rnd.IntN(3000))*time.Second))
		jobs[i] = run(fmt.Sprintf("run-%06d", i), at, func(pj *v1alpha1.PipelineJob) {
			pj.Spec.Refs.Repo = fmt.Sprint("repo-", rnd.IntN(repositories))
			pj.Spec.Job = fmt.Sprint("job-", rnd.IntN(jobsOfRepository))
			pj.Spec.Refs.Pulls[0] = v1alpha1.Pull{
				Number: 1 + i/50, Author: fmt.Sprint("person-", rnd.IntN(200)), SHA: fmt.Sprintf("%040x", i/10), Title: "Make the thing do the other thing",
			}
			if rnd.IntN(6) == 0 {
				pj.Status.State = v1alpha1.StateFailure
			}
			pj.Status.Description = "Job succeeded."
			pj.Status.PendingTime, pj.Status.CompletionTime = &began, &ended
		})
	}
	return jobs
}

func fill(t testing.TB, s *history.Store, n int) {
	for chunk := range slices.Chunk(years(n), 1000) {
		put(t, s, chunk...)
	}
}

// some sees a tenth of the repositories.
func some() history.Visible {
	var repos []history.Repo
	for i := range repositories / 10 {
		repos = append(repos, history.Repo{Connection: "hub", Org: "acme", Name: fmt.Sprint("repo-", i)})
	}
	return history.Only(repos...)
}

type question struct {
	name    string
	filter  history.Filter
	visible history.Visible
}

var questions = []question{
	{"all", history.Filter{}, history.Everything},
	{"some repositories seen", history.Filter{}, some()},
	{"repository", history.Filter{Repo: "acme/repo-3"}, history.Everything},
	{"job of a repository", history.Filter{Connection: "hub", Repo: "acme/repo-3", Job: "job-4"}, history.Everything},
	{"job pattern", history.Filter{Job: "job-1*"}, history.Everything},
	{"failures", history.Filter{States: []v1alpha1.JobState{v1alpha1.StateFailure}}, history.Everything},
	{"failures of a repository", history.Filter{Repo: "acme/repo-3", States: []v1alpha1.JobState{v1alpha1.StateFailure}}, history.Everything},
	{"pending", history.Filter{States: []v1alpha1.JobState{v1alpha1.StatePending}}, history.Everything},
	{"author", history.Filter{Author: "person-7"}, history.Everything},
	{"pull request", history.Filter{Repo: "acme/repo-3", Pull: 2}, history.Everything},
	{"a day long ago", history.Filter{Since: start.Add(time.Hour), Until: start.Add(25 * time.Hour)}, history.Everything},
}

func BenchmarkQuestions(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		s := open(b)
		fill(b, s, n)
		for _, q := range questions {
			b.Run(fmt.Sprintf("runs=%d/page/%s", n, q.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.List(b.Context(), q.filter, q.visible, history.Paging{}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("runs=%d/histogram/%s", n, q.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Histogram(b.Context(), q.filter, q.visible, 60); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("runs=%d/job history", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.JobHistory(b.Context(), questions[3].filter, history.Everything); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	s, jobs := open(b), years(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for chunk := range slices.Chunk(jobs, 200) {
		put(b, s, chunk...)
	}
}
