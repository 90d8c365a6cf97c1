package bitbucketcloud

import (
	"net/http"
	"strings"
)

// grants gives access tokens to OAuth consumers: the key is a person's nickname, the secret a token of theirs.
func (s *server) grants() {
	s.mux.HandleFunc("POST /site/oauth2/access_token", func(w http.ResponseWriter, r *http.Request) {
		key, secret, _ := r.BasicAuth()
		if kind := r.PostFormValue("grant_type"); kind != "client_credentials" {
			encode(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type", "error_description": "Unsupported grant type: " + kind})
			return
		}
		err := s.forge.Do(func() error {
			u, err := s.forge.Bearer(secret)
			if err == nil && !strings.EqualFold(u.Login, key) {
				err = errBadToken
			}
			return err
		})
		if err != nil {
			encode(w, http.StatusBadRequest, map[string]any{"error": "unauthorized_client", "error_description": "Invalid OAuth client credentials"})
			return
		}
		encode(w, http.StatusOK, map[string]any{
			"access_token": secret, "token_type": "bearer", "expires_in": 7200, "refresh_token": "", "scopes": "account webhook repository:write pullrequest:write issue:write",
		})
	})
}
