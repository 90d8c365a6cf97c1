package gitea_test

import (
	"fmt"
	"net/http"
	"testing"
)

func TestARepositoryIsAsOpenAsItsOwner(t *testing.T) {
	for name, tc := range map[string]struct {
		facts   string
		private bool
	}{
		"a public one of a public owner":  {`"private":false,"owner":{"login":"acme","visibility":"public"}`, false},
		"a public one of an older server": {`"private":false,"owner":{"login":"acme"}`, false},
		"a private one":                   {`"private":true,"owner":{"login":"acme","visibility":"public"}`, true},
		"an internal one":                 {`"private":false,"internal":true,"owner":{"login":"acme","visibility":"public"}`, true},
		"one of a limited organisation":   {`"private":false,"owner":{"login":"acme","visibility":"limited"}`, true},
		"one of a private organisation":   {`"private":false,"owner":{"login":"acme","visibility":"private"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.answer["GET "] = func(w http.ResponseWriter) {
				fmt.Fprintf(w, `{"id":1,"full_name":"acme/app",%s}`, tc.facts)
			}
			got, err := s.client(t).Repositories.Get(t.Context(), repo)
			if err != nil || got.Private != tc.private {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
