package forge

import (
	"fmt"
	"os"
	"os/user"
	"strings"
)

// config is Gitea's app.ini. What is set differs from the default for speed, for quiet, or because tests need it; the reasons that
// are not plain stand beside the keys.
func (g Gitea) config(addr string, keys map[string]string) string {
	host, port, _ := strings.Cut(addr, ":")
	sections := []struct {
		name string
		keys []string
	}{
		{"", []string{"APP_NAME = Pharos test forge", "RUN_MODE = prod", "RUN_USER = " + userName(), "WORK_PATH = " + g.path("data")}},
		{"server", []string{
			"PROTOCOL = http", "HTTP_ADDR = " + host, "HTTP_PORT = " + port,
			"ROOT_URL = http://" + addr + "/", "LOCAL_ROOT_URL = http://" + addr + "/",
			"STATIC_ROOT_PATH = " + g.path("static"), "APP_DATA_PATH = " + g.path("data", "data"),
			"DISABLE_SSH = true", "OFFLINE_MODE = true", "LFS_START_SERVER = false",
		}},
		{"database", []string{"DB_TYPE = sqlite3", "PATH = " + g.path("data", "gitea.db"), "JOURNAL_MODE = WAL"}},
		{"repository", []string{
			"ROOT = " + g.path("repos"), "DEFAULT_BRANCH = main",
			"ENABLE_PUSH_CREATE_USER = true", "ENABLE_PUSH_CREATE_ORG = true",
		}},
		{"security", []string{
			"INSTALL_LOCK = true", "SECRET_KEY = " + keys["secretKey"], "INTERNAL_TOKEN = " + keys["internalToken"],
			"PASSWORD_COMPLEXITY = off", "MIN_PASSWORD_LENGTH = 4",
			// The default hash takes 100 ms of a core for each basic authentication, and tests clone a lot.
			"PASSWORD_HASH_ALGO = pbkdf2$1000$50",
		}},
		{"oauth2", []string{"JWT_SECRET = " + keys["jwtSecret"]}},
		{"service", []string{"DISABLE_REGISTRATION = true"}},
		// Pharos listens on loopback in tests, which Gitea refuses to call by default.
		{"webhook", []string{"ALLOWED_HOST_LIST = loopback", "DELIVER_TIMEOUT = 5"}},
		{"migrations", []string{"ALLOW_LOCALNETWORKS = true"}},
		{"queue", []string{"TYPE = channel"}},
		// In the database, so that logins outlast a restart.
		{"session", []string{"PROVIDER = db"}},
		{"log", []string{"MODE = console", "LEVEL = Info"}},
		{"cron", []string{"ENABLED = false"}},
		{"indexer", []string{"ISSUE_INDEXER_TYPE = db"}},
		{"actions", []string{"ENABLED = false"}},
		{"mailer", []string{"ENABLED = false"}},
	}
	var b strings.Builder
	for _, s := range sections {
		if s.name != "" {
			fmt.Fprintf(&b, "\n[%s]\n", s.name)
		}
		fmt.Fprintln(&b, strings.Join(s.keys, "\n"))
	}
	return b.String()
}

func userName() string {
	if os.Geteuid() == 0 {
		return "nobody"
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}
