package git

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Credentials are files that a checkout may use. Nothing of them is printed, and nothing is left in the working tree.
type Credentials struct {
	// KeyFiles are private SSH keys, or folders of such.
	KeyFiles []string
	// KnownHosts are lines of a known_hosts file. With keys and without any of these, every host is trusted, as in Prow.
	KnownHosts []string
	// CookieFile is git's http.cookieFile.
	CookieFile string
	// TokenFile holds a token. It goes to the server of the first repository and to no other.
	TokenFile string
}

// prepared are credentials in the form in which git takes them.
type prepared struct {
	args []string // options before git's subcommand
	ssh  string   // GIT_SSH_COMMAND; empty leaves it alone
	// secret never to print; may be empty.
	secret string
}

// prepare copies what must be private to this process into a folder of its own, which cleanup removes.
func (c Credentials) prepare(refs []v1alpha1.Refs) (p prepared, cleanup func(), err error) {
	dir, err := os.MkdirTemp("", "pharos-git-")
	if err != nil {
		return p, nil, fmt.Errorf("make a folder for credentials: %w", err)
	}
	cleanup = func() { _ = os.RemoveAll(dir) } // the pod's own scratch space
	if c.CookieFile != "" {
		p.args = append(p.args, "-c", "http.cookieFile="+c.CookieFile)
	}
	for _, add := range []func(string, []v1alpha1.Refs, *prepared) error{c.addKeys, c.addToken} {
		if err := add(dir, refs, &p); err != nil {
			cleanup()
			return p, nil, err
		}
	}
	return p, cleanup, nil
}

func (c Credentials) addKeys(dir string, _ []v1alpha1.Refs, p *prepared) error {
	if len(c.KeyFiles) == 0 && len(c.KnownHosts) == 0 {
		return nil
	}
	known := filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(known, []byte(strings.Join(c.KnownHosts, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("write known hosts: %w", err)
	}
	check := "yes"
	if len(c.KnownHosts) == 0 {
		check = "no"
	}
	command := []string{"ssh", "-oBatchMode=yes", "-oConnectTimeout=30", "-oLogLevel=ERROR", "-oUserKnownHostsFile=" + known, "-oStrictHostKeyChecking=" + check}
	for i, key := range c.KeyFiles {
		copies, err := copyKeys(key, filepath.Join(dir, fmt.Sprint("key-", i)))
		if err != nil {
			return err
		}
		for _, file := range copies {
			command = append(command, "-oIdentitiesOnly=yes", "-i", file)
		}
	}
	p.ssh = strings.Join(command, " ")
	return nil
}

// copyKeys copies a key, or every key of a folder, because ssh takes only files that nobody else may read and a volume's
// files belong to somebody else.
func copyKeys(from, to string) ([]string, error) {
	var copies []string
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), "..") && path != from { // the kubelet's own versions of the files
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file := fmt.Sprint(to, "-", len(copies))
		copies = append(copies, file)
		return os.WriteFile(file, []byte(strings.TrimRight(string(text), "\n")+"\n"), 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("read SSH key: %w", err)
	}
	if len(copies) == 0 {
		return nil, fmt.Errorf("read SSH key: %s holds none", from)
	}
	return copies, nil
}

// tokenUser is a name that forges take beside a token; GitHub and Gitea take any, GitLab this one.
const tokenUser = "oauth2"

// addToken answers git's question for a password, for one server only: a submodule elsewhere gets nothing.
func (c Credentials) addToken(dir string, refs []v1alpha1.Refs, p *prepared) error {
	if c.TokenFile == "" || len(refs) == 0 {
		return nil
	}
	text, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return fmt.Errorf("read the clone token: %w", err)
	}
	p.secret = strings.TrimSpace(string(text))
	if p.secret == "" {
		return errors.New("read the clone token: the file is empty")
	}
	remote, err := remoteFor(refs[0])
	if err != nil {
		return err
	}
	if !strings.HasPrefix(remote.clean, "https://") && !strings.HasPrefix(remote.clean, "http://") {
		return nil // by SSH a token is of no use
	}
	u, err := url.Parse(remote.clean)
	if err != nil {
		return fmt.Errorf("read the address of the repository: %w", err)
	}
	entry := url.URL{Scheme: u.Scheme, User: url.UserPassword(tokenUser, p.secret), Host: u.Host}
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(entry.String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the clone token: %w", err)
	}
	p.args = append(p.args, "-c", "credential.helper=", "-c", "credential.helper=store --file="+file)
	return nil
}
