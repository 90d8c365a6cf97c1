package github

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
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
		var id int
		err := s.forge.Do(func() error {
			o, err := s.forge.Org(r.PathValue("owner"))
			if err == nil {
				id = o.ID
			}
			return err
		})
		if err != nil {
			refuseFor(w, err)
			return
		}
		write(w, answer{http.StatusOK, map[string]any{"id": id}})
	}
	s.mux.HandleFunc("GET "+root+"/users/{owner}/installation", claimed(installation))
	s.mux.HandleFunc("GET "+root+"/orgs/{owner}/installation", claimed(installation))
	s.mux.HandleFunc("POST "+root+"/app/installations/{id}/access_tokens", claimed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": s.forge.Token("pharos-bot"), "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	}))
}
