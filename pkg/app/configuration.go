package app

import (
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/dashboard"
)

// configuration tells people what is loaded, and what is wrong with it.
func (s *server) configuration() dashboard.Configuration {
	c := s.config.Current()
	out := dashboard.Configuration{Revision: c.Revision, Warnings: shown(c.Warnings)}
	err := s.config.LastError()
	var broken *config.Errors
	switch {
	case errors.As(err, &broken):
		out.Refused = shown(broken.Findings)
	case err != nil:
		out.Refused = []dashboard.Finding{{Message: err.Error()}}
	}
	return out
}

func shown(findings []config.Finding) []dashboard.Finding {
	all := make([]dashboard.Finding, len(findings))
	for i, f := range findings {
		place := f.File
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
		}
		all[i] = dashboard.Finding{Place: place, Message: f.Message, Remedy: f.Remedy}
	}
	return all
}
