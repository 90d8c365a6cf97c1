package job

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Cause is why a job is started, and on what.
type Cause struct {
	// Delivery is the name of the Delivery; empty for other causes.
	Delivery string
	// Attempt tells runs of one cause apart that are meant to be different, such as a rerun by a person.
	Attempt    int
	Type       v1alpha1.JobType
	Connection string
	// Refs is the repository under test, the zero value for a periodic job. What the job says about its checkout is added.
	Refs v1alpha1.Refs
}

// New makes the run of a job that was decided for. Its name follows from the cause and the job alone, so creating it a second
// time finds that it exists; the build id is not part of the name. The object shares nothing with the configuration.
func New(d Decision, cause Cause, buildID string) *v1alpha1.PipelineJob {
	b := d.Base()
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{
			Name:        runName(b.Name, d.Context, cause),
			Labels:      maps.Clone(b.Labels),
			Annotations: maps.Clone(b.Annotations),
		},
		Spec: v1alpha1.PipelineJobSpec{
			Type:           cause.Type,
			Job:            b.Name,
			BuildID:        buildID,
			Connection:     cause.Connection,
			Delivery:       cause.Delivery,
			Agent:          v1alpha1.Agent(b.Agent),
			Refs:           b.refs(cause.Refs),
			Context:        d.Context,
			MaxConcurrency: b.MaxConcurrency,
			Timeout:        &metav1.Duration{Duration: b.timeout},
			Decorate:       b.decorate,
			Namespace:      b.Namespace,
		},
	}
	if b.decorate {
		pj.Spec.DecorationConfig = b.DecorationConfig.Resolve(b.timeout)
	}
	for _, extra := range b.ExtraRefs {
		refs := extra.Refs.DeepCopy()
		refs.BloblessFetch = b.blobless(refs.BloblessFetch)
		pj.Spec.ExtraRefs = append(pj.Spec.ExtraRefs, *refs)
	}
	if b.runSpec != nil {
		pj.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: slices.Clone(b.runSpec)}
	}
	if b.Spec != nil {
		pj.Spec.PodSpec = b.Spec.DeepCopy()
	}
	switch {
	case d.Presubmit != nil:
		pj.Spec.RerunCommand = d.Presubmit.RerunCommand
		pj.Spec.Optional = d.Presubmit.Optional
		pj.Spec.Report = !d.Presubmit.SkipReport
	case d.Postsubmit != nil:
		pj.Spec.Report = !d.Postsubmit.SkipReport
	}
	mark(pj)
	return pj
}

// refs adds to the repository under test what the job says about its checkout.
func (b *Base) refs(of v1alpha1.Refs) *v1alpha1.Refs {
	if of.Repo == "" {
		return nil
	}
	refs := of.DeepCopy()
	refs.PathAlias = b.PathAlias
	refs.CloneDepth = b.CloneDepth
	refs.SkipSubmodules = b.SkipSubmodules
	refs.SkipFetchHead = b.SkipFetchHead
	if b.CloneURI != "" {
		refs.CloneURI = b.CloneURI
	}
	refs.BloblessFetch = b.blobless(refs.BloblessFetch)
	if b.decorate && b.DecorationConfig != nil { // extra refs have patterns of their own
		refs.SparseCheckoutFiles = slices.Clone(b.DecorationConfig.SparseCheckoutFiles)
	}
	return refs
}

// blobless takes over what decoration says where the refs are silent.
func (b *Base) blobless(of *bool) *bool {
	if of == nil && b.decorate && b.DecorationConfig != nil {
		of = b.DecorationConfig.BloblessFetch
	}
	if of == nil {
		return nil
	}
	own := *of
	return &own
}

// mark sets the labels and annotations that tools select by; the job's own stay beside them.
func mark(pj *v1alpha1.PipelineJob) {
	s := &pj.Spec
	if pj.Labels == nil {
		pj.Labels = map[string]string{}
	}
	if pj.Annotations == nil {
		pj.Annotations = map[string]string{}
	}
	refs, pull := v1alpha1.Refs{}, ""
	if s.Refs != nil {
		refs = *s.Refs
	}
	if len(refs.Pulls) > 0 {
		pull = strconv.Itoa(refs.Pulls[0].Number)
	}
	pj.Labels[v1alpha1.LabelManaged] = "true"
	for _, l := range []struct{ name, prow, value string }{
		{v1alpha1.LabelJob, v1alpha1.LabelProwJob, s.Job},
		{v1alpha1.LabelType, v1alpha1.LabelProwType, string(s.Type)},
		{v1alpha1.LabelOrg, v1alpha1.LabelProwOrg, refs.Org},
		{v1alpha1.LabelRepo, v1alpha1.LabelProwRepo, refs.Repo},
		{v1alpha1.LabelPull, v1alpha1.LabelProwPull, pull},
		{v1alpha1.LabelBuildID, v1alpha1.LabelProwBuildID, s.BuildID},
		{"", v1alpha1.LabelProwContext, s.Context},
		{"", v1alpha1.LabelProwID, pj.Name},
	} {
		if value := labelValue(l.value); value != "" {
			pj.Labels[l.prow] = value
			if l.name != "" {
				pj.Labels[l.name] = value
			}
		}
	}
	pj.Annotations[v1alpha1.AnnotationJob] = s.Job
	pj.Annotations[v1alpha1.AnnotationContext] = s.Context
}

const maxLabel = 63

// labelValue makes a text fit for a label: other characters become "-", and it begins and ends with a letter or digit.
func labelValue(s string) string {
	s = strings.Map(func(r rune) rune {
		if alphanumeric(r) || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, s)
	s = strings.TrimLeft(s, "-_.")
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	return strings.TrimRight(s, "-_.")
}

func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// runName is the job's name, as far as a name of an object can hold it, and a hash of everything that tells runs apart.
func runName(job, context string, cause Cause) string {
	const nameLength, hashBytes = 30, 12
	h := sha256.New()
	for _, part := range []string{cause.Delivery, strconv.Itoa(cause.Attempt), string(cause.Type), cause.Connection, cause.Refs.Org,
		cause.Refs.Repo, cause.Refs.BaseRef, job, context} {
		write(h, part)
	}
	if len(cause.Refs.Pulls) == 0 { // the base below a pull request may move between two tries of one delivery
		write(h, cause.Refs.BaseSHA)
	}
	for _, p := range cause.Refs.Pulls {
		write(h, strconv.Itoa(p.Number))
		write(h, p.SHA)
	}
	sum := hex.EncodeToString(h.Sum(nil)[:hashBytes])
	prefix := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(labelValue(job)), "_", "-"), ".", "-")
	if len(prefix) > nameLength {
		prefix = prefix[:nameLength]
	}
	if prefix = strings.TrimRight(prefix, "-"); prefix == "" {
		return "job-" + sum
	}
	return prefix + "-" + sum
}

// write hashes a part with its length, so that no two lists of parts hash the same text.
func write(h hash.Hash, part string) {
	fmt.Fprintf(h, "%d:%s", len(part), part) // writing to a hash never fails
}
