package history

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Repo is a repository on a forge.
type Repo struct{ Connection, Org, Name string }

// key has the connection apart by a byte that no name may hold.
func (r Repo) key() string { return r.Connection + "\x1f" + r.Org + "/" + r.Name }

// Visible says which repositories the asker may read. He sees a run when he may read all the repositories that it checks
// out; so everybody sees one that checks out none. The zero value sees no other.
type Visible struct {
	// All is every repository.
	All   bool
	Repos map[Repo]struct{}
}

// Everything is for askers who may see all runs.
var Everything = Visible{All: true}

// Only is for those who may read these repositories.
func Only(repos ...Repo) Visible {
	v := Visible{Repos: make(map[Repo]struct{}, len(repos))}
	for _, r := range repos {
		v.Repos[r] = struct{}{}
	}
	return v
}

// Sees decides about one run as every query does.
func (v Visible) Sees(job *v1alpha1.PipelineJob) bool {
	return v.All || !slices.ContainsFunc(reposOf(job), func(r v1alpha1.Refs) bool {
		_, ok := v.Repos[Repo{Connection: job.Spec.Connection, Org: r.Org, Name: r.Repo}]
		return !ok
	})
}

// keys is a JSON list for SQL.
func (v Visible) keys() (string, error) {
	keys := make([]string, 0, len(v.Repos))
	for r := range v.Repos {
		keys = append(keys, r.key())
	}
	text, err := json.Marshal(keys)
	return string(text), err
}

// Filter selects runs. Empty fields select all.
type Filter struct {
	Connection string
	// Repo is "org/name" of the repository under test; of a run of the clock it is the first that it checks out.
	Repo string
	// Pull is the number of a pull request that the run tests, alone or in a batch.
	Pull int
	// Author of a pull request that the run tests.
	Author string
	// Job is the name, or a pattern in which * stands for any text.
	Job    string
	Types  []v1alpha1.JobType
	States []v1alpha1.JobState
	// Since and Until bound the time at which the run was made: at or after, and before. To a millisecond.
	Since, Until time.Time
	// SHA is a whole commit id under test: of a pull request, or of the branch when there is none.
	SHA     string
	BuildID string
}

// Match decides about one run as every query does.
func (f Filter) Match(job *v1alpha1.PipelineJob) bool {
	r := index(job)
	from, to := f.places()
	for _, term := range f.terms() {
		if !slices.Contains(r.terms, term) {
			return false
		}
	}
	return (f.Connection == "" || r.series.connection == f.Connection) &&
		(f.Repo == "" || r.series.repo == f.Repo) &&
		(f.Job == "" || matchGlob(f.Job, r.series.job)) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, job.Spec.Type)) &&
		f.states()>>r.state&1 != 0 &&
		from <= r.place && r.place < to
}

// matchGlob finds the pieces between the stars from left to right, the last one at the end.
func matchGlob(pattern, text string) bool {
	pieces := strings.Split(pattern, "*")
	if len(pieces) == 1 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, pieces[0])
	if !ok {
		return false
	}
	for _, piece := range pieces[1 : len(pieces)-1] {
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return strings.HasSuffix(text, pieces[len(pieces)-1])
}

// places bound the ids: from included, to not.
func (f Filter) places() (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !f.Since.IsZero() {
		from = place(f.Since)
	}
	if !f.Until.IsZero() {
		to = place(f.Until)
	}
	return from, to
}

// terms lists the rarest first.
func (f Filter) terms() []string {
	var terms []string
	if f.BuildID != "" {
		terms = append(terms, "build:"+f.BuildID)
	}
	if f.SHA != "" {
		terms = append(terms, "sha:"+f.SHA)
	}
	if f.Pull != 0 {
		terms = append(terms, "pull:"+strconv.Itoa(f.Pull))
	}
	if f.Author != "" {
		terms = append(terms, "author:"+f.Author)
	}
	return terms
}

// states has a bit for each state that is asked for; one that does not exist has none.
func (f Filter) states() uint {
	if len(f.States) == 0 {
		return 1<<len(states) - 1
	}
	var bits uint
	for _, state := range f.States {
		if i := slices.Index(states, state); i >= 0 {
			bits |= 1 << i
		}
	}
	return bits
}
