package harness

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// cookieKey is the file of the key that sessions are encrypted with.
const cookieKey = "cookie-key"

// writeLogin registers the site's dashboard at Gitea, writes the secrets of logins, and gives what the connection says of it.
func (s *Site) writeLogin(o SiteOptions) (string, error) {
	if !o.Login {
		return "", nil
	}
	g, ok := s.Forge.(*Gitea)
	if !ok {
		return "", errors.New("offer logins: the site is not on the cluster's Gitea")
	}
	id, secret, err := g.OAuthApp(o.Name, false, s.Pharos.DashboardURL+"/login/main/callback")
	if err != nil {
		return "", err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	for file, content := range map[string]string{"login-secret": secret, cookieKey: base64.StdEncoding.EncodeToString(key)} {
		if err := os.WriteFile(filepath.Join(s.ConfigDir, file), []byte(content), 0o600); err != nil {
			return "", fmt.Errorf("write the secrets of logins: %w", err)
		}
	}
	return fmt.Sprintf(", login: {client_id: %s, client_secret_file: login-secret}", id), nil
}
