package archive

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// maxIndex bounds the index of a log: one of 2 GiB needs less than a MiB.
const maxIndex = 64 << 20

// stepList is steps.json, as far as it is checked.
type stepList struct {
	Steps []logs.StepInfo `json:"steps"`
}

// steps checks the log of each step.
func (v *verifier) steps(ctx context.Context, c Contents) ([]Finding, error) {
	text, err := readAll(ctx, v.store, path.Join(c.Path, logs.StepsFile), maxRecord)
	var list stepList
	if err == nil {
		if broken := json.Unmarshal(text, &list); broken != nil {
			err = fmt.Errorf("%w: %w", ErrUnreadable, broken)
		}
	}
	switch {
	case errors.Is(err, ErrUnreadable):
		return []Finding{{
			Path: c.Path, Problem: FileDamaged, Detail: logs.StepsFile + " cannot be read: " + err.Error(),
			Remedy: "restore the file from a copy of the bucket; the logs themselves may be whole",
		}}, nil
	case err != nil:
		return nil, err
	}
	var findings []Finding
	for _, step := range list.Steps {
		more, err := v.step(ctx, c, step)
		if err != nil {
			return nil, err
		}
		findings = append(findings, more...)
	}
	return findings, nil
}

func (v *verifier) step(ctx context.Context, c Contents, step logs.StepInfo) ([]Finding, error) {
	ran := step.State == logs.StepSuccess || step.State == logs.StepFailure
	var findings []Finding
	switch {
	case step.Incomplete != "":
		findings = append(findings, Finding{
			Path: c.Path, Problem: LinesMissing, Detail: fmt.Sprintf("log of step %s/%s: %s", step.Task, step.Step, step.Incomplete),
			Remedy: "the text is lost; rerun the job for a whole log",
		})
	case step.Log == "" && ran:
		findings = append(findings, missing(c, "the log of step "+step.Task+"/"+step.Step))
	}
	if step.Log == "" {
		return findings, nil
	}
	file, ok := c.Files[step.Log]
	if !ok {
		return append(findings, missing(c, step.Log)), nil
	}
	if want := storedSize(step); want != file.Size {
		return append(findings, Finding{
			Path: c.Path, Problem: FileDamaged, Detail: fmt.Sprintf("%s has %d bytes, not %d", step.Log, file.Size, want),
			Remedy: "restore the file from a copy of the bucket, or rerun the job",
		}), nil
	}
	more, err := v.index(ctx, c, step)
	return append(findings, more...), err
}

// storedSize is that of the file. Runs archived before logs could be compressed note that of the text alone.
func storedSize(step logs.StepInfo) int64 { return cmp.Or(step.Stored, step.Bytes) }

// index checks the index of a step's log. A run archived before there were indexes needs none.
func (v *verifier) index(ctx context.Context, c Contents, step logs.StepInfo) ([]Finding, error) {
	name := indexName(step.Log)
	finding := Finding{
		Path: c.Path, Problem: IndexMissing, Detail: name + " is not there",
		Remedy: "repair, which reads the log once and indexes it anew, without times",
		repair: func(ctx context.Context) error { return reindex(ctx, v.store, c.Path, step.Log) },
	}
	if !c.Has(name) {
		if step.Stored == 0 {
			return nil, nil
		}
		return []Finding{finding}, nil
	}
	finding.Problem = IndexDamaged
	text, err := readAll(ctx, v.store, path.Join(c.Path, name), maxIndex)
	switch {
	case errors.Is(err, ErrUnreadable):
		finding.Detail = err.Error()
		return []Finding{finding}, nil
	case err != nil:
		return nil, err
	}
	file, err := logfile.Open(text, nil)
	switch {
	case err != nil:
		finding.Detail = name + ": " + err.Error()
	case file.Info().Stored != c.Files[step.Log].Size:
		finding.Detail = fmt.Sprintf("%s is of a log of %d bytes, not %d", name, file.Info().Stored, c.Files[step.Log].Size)
	default:
		return nil, nil
	}
	return []Finding{finding}, nil
}

// indexName is the index beside a log.
func indexName(log string) string { return strings.TrimSuffix(log, ".txt") + ".idx" }

// reindex reads a log once.
func reindex(ctx context.Context, store storage.Store, folder, log string) error {
	object, err := store.Get(ctx, path.Join(folder, log), storage.Range{})
	if err != nil {
		return err
	}
	index, err := logfile.Scan(object.Body, object.ContentEncoding == "gzip")
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return fmt.Errorf("index %s: %w", log, err)
	}
	return store.Put(ctx, path.Join(folder, indexName(log)), bytes.NewReader(index), storage.PutOptions{ContentType: "application/octet-stream"})
}
