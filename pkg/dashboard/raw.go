package dashboard

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// raw downloads the stored log of a run, or of ?step=task/step, byte for byte.
func (s *site) raw(w http.ResponseWriter, r *http.Request) error {
	pj, err := s.Runs.Get(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	var task, step string
	if which := r.URL.Query().Get("step"); which != "" {
		var ok bool
		if task, step, ok = strings.Cut(which, "/"); !ok || task == "" || step == "" {
			return fmt.Errorf("%w: step is not task/step", errBadQuery)
		}
	}
	body, err := s.Logs.Open(r.Context(), pj, task, step)
	if err != nil {
		return fmt.Errorf("the log is not in the store, or not yet: %w", err)
	}
	defer func() { _ = body.Close() }() // all that matters was read, or reading failed
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": rawName(pj, task, step)}))
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(newPatient(w), body); err != nil && r.Context().Err() == nil {
		log.FromContext(r.Context()).Info("download of a log broke off", "run", pj.Name, "error", err.Error())
		panic(http.ErrAbortHandler) // too late for a status: a broken connection is how the client learns that a part is missing
	}
	return nil
}

func rawName(pj *v1alpha1.PipelineJob, parts ...string) string {
	name := strings.Join(append([]string{pj.Spec.Job, pj.Spec.BuildID}, parts...), "-")
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, strings.TrimRight(name, "-")) + ".log"
}
