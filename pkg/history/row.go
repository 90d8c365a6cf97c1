package history

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Build ids are milliseconds since this epoch above 22 bits that count: see package job. Ids from before plausible are
// counters, which say nothing about time.
const (
	epochMillis = 1288834974657
	countBits   = 22
)

var plausible = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

// place is the least id at a time; times before the epoch, and those that no id can tell, are its bounds.
func place(t time.Time) int64 {
	return min(max(t.UnixMilli()-epochMillis, 0), math.MaxInt64>>countBits) << countBits
}

// timeOf is the time of an id, to a millisecond.
func timeOf(id int64) time.Time { return time.UnixMilli(id>>countBits + epochMillis).UTC() }

// placeOf is where a run belongs in the order of all: its build id where that tells the time, else its creation.
func placeOf(job *v1alpha1.PipelineJob) int64 {
	n, err := strconv.ParseInt(job.Spec.BuildID, 10, 64)
	if err == nil && timeOf(n).After(plausible) {
		return n
	}
	created := job.CreationTimestamp
	if created.IsZero() && job.Status.StartTime != nil {
		created = *job.Status.StartTime
	}
	return place(created.Time) | n&(1<<countBits-1)
}

// states are stored as their index.
var states = []v1alpha1.JobState{
	v1alpha1.StateScheduling, v1alpha1.StateTriggered, v1alpha1.StatePending, v1alpha1.StateSuccess, v1alpha1.StateFailure,
	v1alpha1.StateAborted, v1alpha1.StateError,
}

// stateOf counts a state that this version does not know as pending.
func stateOf(job *v1alpha1.PipelineJob) int {
	i := slices.Index(states, job.Status.State.Known())
	if i < 0 {
		return slices.Index(states, v1alpha1.StatePending)
	}
	return i
}

// series is what runs have in common.
type series struct {
	connection, repo, job, kind string
	needs                       []string // sorted
}

// row is a run as the index has it.
type row struct {
	place        int64
	series       series
	state        int
	name, path   string
	archived     bool
	revision     uint64 // the object's resourceVersion; 0 is unknown
	sha          string
	began, ended int64 // milliseconds, 0 is not yet
	authors      []string
	terms        []string
	head, rest   []byte
	shown        *v1alpha1.PipelineJob // decoded head
}

// index derives everything but the stored object.
func index(job *v1alpha1.PipelineJob) *row {
	r := &row{
		place: placeOf(job), state: stateOf(job), name: job.Name, path: job.Status.Log.Path, archived: job.Status.Log.Archived,
		began: millis(job.Status.PendingTime, job.Status.StartTime), ended: millis(job.Status.CompletionTime),
		series: series{connection: job.Spec.Connection, job: job.Spec.Job, kind: string(job.Spec.Type)},
	}
	r.revision, _ = strconv.ParseUint(job.ResourceVersion, 10, 64) // one that is no number cannot be compared: unknown
	for i, refs := range reposOf(job) {
		if i == 0 {
			r.series.repo = refs.Org + "/" + refs.Repo
			r.addRefs(refs)
		}
		r.series.needs = append(r.series.needs, Repo{Connection: job.Spec.Connection, Org: refs.Org, Name: refs.Repo}.key())
	}
	slices.Sort(r.series.needs)
	r.series.needs = slices.Compact(r.series.needs)
	r.terms = append(r.terms, "build:"+job.Spec.BuildID)
	slices.Sort(r.terms)
	r.terms = slices.Compact(r.terms)
	return r
}

// addRefs takes what is searched for from the repository under test.
func (r *row) addRefs(refs v1alpha1.Refs) {
	var shas []string
	for _, p := range refs.Pulls {
		shas = append(shas, p.SHA)
		r.authors = append(r.authors, p.Author)
		r.terms = append(r.terms, "pull:"+strconv.Itoa(p.Number), "author:"+p.Author)
	}
	if len(refs.Pulls) == 0 && refs.BaseSHA != "" { // a branch's name is no commit
		shas = []string{refs.BaseSHA}
	}
	for _, sha := range shas {
		r.terms = append(r.terms, "sha:"+sha)
	}
	r.sha = strings.Join(shas, ",")
}

// reposOf lists the repository under test first, and then those beside it. A run of the clock tests its first extra one.
func reposOf(job *v1alpha1.PipelineJob) []v1alpha1.Refs {
	if job.Spec.Refs == nil {
		return job.Spec.ExtraRefs
	}
	return append([]v1alpha1.Refs{*job.Spec.Refs}, job.Spec.ExtraRefs...)
}

func millis(times ...*metav1.Time) int64 {
	for _, t := range times {
		if !t.IsZero() {
			return t.UnixMilli()
		}
	}
	return 0
}

// encode derives all of a row. What lists show is kept apart from the bulky rest.
func encode(job *v1alpha1.PipelineJob) (*row, error) {
	if job.Name == "" {
		return nil, errors.New("a run without a name")
	}
	r := index(job)
	head, rest := split(job)
	r.shown = head
	var err error
	if r.head, err = json.Marshal(head); err != nil {
		return nil, fmt.Errorf("encode run %s: %w", job.Name, err)
	}
	text, err := json.Marshal(rest)
	if err != nil {
		return nil, fmt.Errorf("encode run %s: %w", job.Name, err)
	}
	r.rest = deflate(text)
	return r, nil
}

// split divides a run into what lists show and the rest, without what only the API server needs.
func split(job *v1alpha1.PipelineJob) (head, rest *v1alpha1.PipelineJob) {
	head, rest = &v1alpha1.PipelineJob{Spec: job.Spec, Status: job.Status}, &v1alpha1.PipelineJob{}
	head.ObjectMeta = metav1.ObjectMeta{
		Name: job.Name, Namespace: job.Namespace, UID: job.UID, ResourceVersion: job.ResourceVersion, Generation: job.Generation,
		CreationTimestamp: job.CreationTimestamp,
	}
	rest.Labels, rest.Annotations, rest.OwnerReferences = job.Labels, job.Annotations, job.OwnerReferences
	rest.Spec.PipelineRunSpec, head.Spec.PipelineRunSpec = job.Spec.PipelineRunSpec, nil
	rest.Spec.PodSpec, head.Spec.PodSpec = job.Spec.PodSpec, nil
	rest.Spec.DecorationConfig, head.Spec.DecorationConfig = job.Spec.DecorationConfig, nil
	rest.Status.Reports, head.Status.Reports = job.Status.Reports, nil
	rest.Status.Conditions, head.Status.Conditions = job.Status.Conditions, nil
	return head, rest
}

// decode joins what split divided; rest may be nil. The rest comes first: its empty required fields must not win.
func decode(head, rest []byte) (*v1alpha1.PipelineJob, error) {
	job := &v1alpha1.PipelineJob{}
	if rest != nil {
		text, err := io.ReadAll(flate.NewReader(bytes.NewReader(rest)))
		if err == nil {
			err = json.Unmarshal(text, job)
		}
		if err != nil {
			return nil, fmt.Errorf("decode run: %w", err)
		}
	}
	if err := json.Unmarshal(head, job); err != nil {
		return nil, fmt.Errorf("decode run: %w", err)
	}
	job.Kind, job.APIVersion = "PipelineJob", v1alpha1.GroupVersion.String()
	return job, nil
}

// deflaters are half a megabyte each.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func deflate(text []byte) []byte {
	var out bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&out)
	// A buffer takes everything.
	_, _ = w.Write(text)
	_ = w.Close()
	return out.Bytes()
}
