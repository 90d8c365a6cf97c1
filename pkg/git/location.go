package git

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// defaultHost is Prow's, for refs that name no server.
const defaultHost = "github.com"

// CheckoutPath is where a repository lies below <root>/src: its path alias, or host/org/repo without a port, because
// neither GOPATH nor a volume mount may hold a colon. The result is clean and relative.
func CheckoutPath(refs v1alpha1.Refs) string {
	p := refs.PathAlias
	if p == "" {
		p = path.Join(Host(refs), refs.Org, refs.Repo)
		if u, err := url.Parse(refs.RepoLink); err == nil && u.Hostname() != "" && strings.Trim(u.Path, "/") != "" {
			p = path.Join(u.Hostname(), strings.TrimSuffix(u.Path, ".git"))
		}
	}
	// Cleaning an absolute path swallows every leading "..", so the result stays below the root.
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(p, ":", "-")), "/")
}

// Host is the name of the server that holds a repository, without a port.
func Host(refs v1alpha1.Refs) string {
	for _, link := range []string{refs.RepoLink, refs.CloneURI} {
		if u, err := url.Parse(link); err == nil && u.Hostname() != "" {
			return u.Hostname()
		}
		if m := scpLike.FindStringSubmatch(link); m != nil {
			return m[1]
		}
	}
	return defaultHost
}

// scpLike matches user@host:path.
var scpLike = regexp.MustCompile(`^[A-Za-z0-9._-]+@([A-Za-z0-9._-]+):[^-]`)

// remote is a validated address.
type remote struct {
	// url is what git gets, with credentials when the refs had them; clean has none.
	url, clean string
	// secrets are the parts never to print.
	secrets []string
	// local says that the address is a folder.
	local bool
}

// headRemote is where a pull request's head is, which may be a fork.
func headRemote(pull v1alpha1.Pull) (remote, error) {
	return remoteFor(v1alpha1.Refs{Org: "the head of pull request", Repo: fmt.Sprint(pull.Number), CloneURI: pull.CloneURI})
}

func remoteFor(refs v1alpha1.Refs) (remote, error) {
	raw := refs.CloneURI
	if raw == "" && refs.RepoLink != "" {
		raw = strings.TrimSuffix(refs.RepoLink, ".git") + ".git"
	}
	if raw == "" {
		raw = fmt.Sprintf("https://%s/%s/%s.git", defaultHost, refs.Org, refs.Repo)
	}
	if strings.HasPrefix(raw, "/") {
		return remote{url: raw, clean: raw, local: true}, nil
	}
	if scpLike.MatchString(raw) && !strings.Contains(raw, "://") {
		return remote{url: raw, clean: raw}, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The parse error would repeat the address with its credentials.
		return remote{}, fmt.Errorf("clone address of %s/%s is not a URL", refs.Org, refs.Repo)
	}
	return remoteFromURL(u, raw)
}

func remoteFromURL(u *url.URL, raw string) (remote, error) {
	switch u.Scheme {
	case "http", "https", "ssh", "git", "file":
	default:
		return remote{}, fmt.Errorf("clone address with transport %q is refused", u.Scheme)
	}
	if strings.HasPrefix(u.Host, "-") || (u.Host == "" && u.Scheme != "file") {
		return remote{}, fmt.Errorf("clone address with host %q is refused", u.Host)
	}
	r := remote{url: raw, local: u.Scheme == "file"}
	if u.User != nil && u.Scheme != "ssh" {
		r.secrets = secretsOf(u.User)
		bare := *u
		bare.User = nil
		r.clean = bare.String()
		return r, nil
	}
	r.clean = raw
	return r, nil
}

// secretsOf lists what of user:password@ must not be printed. A name without a password is a secret only when it is as long
// as a token: hiding every "git" would make the log unreadable.
func secretsOf(user *url.Userinfo) []string {
	encoded := user.String()
	password, ok := user.Password()
	if !ok {
		if len(encoded) < 12 {
			return nil
		}
		return []string{encoded, user.Username()}
	}
	_, encodedPassword, _ := strings.Cut(encoded, ":")
	return []string{encoded, password, encodedPassword}
}

// protocols is the list for GIT_ALLOW_PROTOCOL, which holds for submodules and redirects too. Folders are allowed only
// when the repository itself is one, so that a submodule cannot reach into the pod.
func (r remote) protocols() string {
	if r.local {
		return "https:http:ssh:git:file"
	}
	return "https:http:ssh:git"
}

// redact replaces credentials in text about to be printed or stored.
func (r remote) redact(text string) string {
	text = strings.ReplaceAll(text, r.url, r.clean)
	for _, s := range r.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

var (
	hexSHA = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	badRef = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[-./]|[./]$|\.lock(/|$)`)
)

// maxRef is longer than any forge allows.
const maxRef = 1024

func checkSHA(sha string) error {
	if sha != "" && !hexSHA.MatchString(sha) {
		return fmt.Errorf("%q is not a commit", sha)
	}
	return nil
}

func checkRef(ref string) error {
	if ref == "" || len(ref) > maxRef || badRef.MatchString(ref) || ref == "@" {
		return fmt.Errorf("%q is not a ref name", ref)
	}
	return nil
}
