package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// apps lets any signed claim log in as the user "pharos-bot" wherever an organisation exists. The claim itself is not
// proven: that is between GitHub and the owner of a key.
func (s *server) apps() {
	claimed := func(h func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.Count(token(r), ".") != 2 {
				refuse(w, http.StatusUnauthorized, "A JSON web token could not be decoded", nil)
				return
			}
			h(w, r)
		}
	}
	installation := func(w http.ResponseWriter, r *http.Request) {
		var found answer
		err := s.forge.Do(func() error {
			o, err := s.forge.Org(r.PathValue("owner"))
			if err == nil {
				found = answer{http.StatusOK, view{s.forge.URL()}.installation(o)}
			}
			return err
		})
		if err != nil {
			refuseFor(w, err)
			return
		}
		write(w, found)
	}
	s.mux.HandleFunc("GET "+root+"/users/{owner}/installation", claimed(installation))
	s.mux.HandleFunc("GET "+root+"/orgs/{owner}/installation", claimed(installation))
	s.mux.HandleFunc("POST "+root+"/app/installations/{id}/access_tokens", claimed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": s.forge.Token("pharos-bot"), "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	}))
}

// installation renders the App's installation at an owner of repositories, which has the owner's number.
func (v view) installation(o *simulator.Org) map[string]any {
	link := fmt.Sprintf("%s%s/app/installations/%d", v.base, root, o.ID)
	kind := "Organization"
	if o.Personal != nil {
		kind = "User"
	}
	return map[string]any{
		"id": o.ID, "app_id": 1, "app_slug": "pharos-bot", "account": v.owner(o), "target_id": o.ID, "target_type": kind,
		"repository_selection": "all", "permissions": map[string]any{"pull_requests": "write", "statuses": "write"}, "events": []any{"push", "pull_request"},
		"access_tokens_url": link + "/access_tokens", "repositories_url": v.base + root + "/installation/repositories", "html_url": v.base + "/settings/installations/" + fmt.Sprint(o.ID),
		"created_at": founded, "updated_at": founded, "single_file_name": nil, "suspended_by": nil, "suspended_at": nil,
	}
}
