package contract

import (
	"errors"
	"net/http"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// faulty is a world that can be made to go wrong; a real server cannot.
type faulty interface {
	Fail(simulator.Fault)
	Heal()
}

func (w *simulated) Fail(f simulator.Fault) { w.forge.Fail(f) }

func (w *simulated) Heal() { w.forge.Heal() }

var faultCases = []contractCase{
	{name: "a server in trouble is told from a refusal", run: func(s *site) {
		w, ok := s.world.(faulty)
		if !ok {
			s.Log("a real server does not go wrong when it is told to")
			return
		}
		ref, _ := s.open("feature")
		for name, fault := range map[string]simulator.Fault{
			"it is down":             {Status: http.StatusBadGateway, Body: "<html>bad gateway</html>"},
			"it has failed":          {Status: http.StatusInternalServerError, Body: `{"message":"oops"}`},
			"the answer is cut":      {Truncate: true},
			"the connection breaks":  {Drop: true},
			"a limit, told how long": {Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}},
		} {
			fault.Times = 2 // net/http asks once more by itself where a connection that it kept turns out to be broken
			w.Fail(fault)
			_, err := s.client.Comments.List(s.Context(), ref)
			w.Heal()
			if !errors.Is(err, scm.ErrTransient) {
				s.Errorf("when %s: %v, want ErrTransient", name, err)
			}
			var limited *scm.RateLimitedError
			if isLimit := fault.Status == http.StatusTooManyRequests; errors.As(err, &limited) != isLimit {
				s.Errorf("when %s: %v", name, err)
			} else if isLimit {
				if wait := time.Until(limited.Until); wait < 5*time.Second || wait > 8*time.Second {
					s.Errorf("the limit is said to last %v, want 7 s", wait)
				}
			}
		}
		if _, err := s.client.Comments.List(s.Context(), ref); err != nil {
			s.Errorf("once all is well again: %v", err)
		}
	}},
	{name: "an answer that is no answer is an error", run: func(s *site) {
		w, ok := s.world.(faulty)
		if !ok {
			s.Log("a real server does not go wrong when it is told to")
			return
		}
		ref, _ := s.open("feature")
		for _, body := range []string{"<html>log in</html>", `"text"`, "{", `{"number": "seven"}`, `[[]]`} {
			w.Fail(simulator.Fault{Times: 1, Status: http.StatusOK, Body: body})
			if got, err := s.client.Pulls.Get(s.Context(), ref); err == nil {
				s.Errorf("%s was taken for %+v", body, got)
			}
		}
	}},
}
