package inrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// pinned is a file from outside of the repository, under the digest that it had when it was first read.
type pinned struct {
	data   []byte
	digest string // "sha256:..."
}

// Limits of references out of the repository. What was read answers for a while, so that a retest tests the same, and for
// longer while its server is down.
const (
	remoteTimeout = 20 * time.Second
	maxRedirects  = 3
	pinFresh      = 15 * time.Minute
	pinStale      = 24 * time.Hour
)

// newClient follows redirects only to servers that are allowed too. It has no credentials to send.
func (r *Reader) newClient() *http.Client {
	return &http.Client{
		Transport: r.Transport,
		Timeout:   remoteTimeout,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return r.Settings().allows(req.URL)
		},
	}
}

// allows says whether an address may be fetched.
func (s *References) allows(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("an address with a user or password is not fetched")
	case u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return fmt.Errorf("an address of kind %q is not fetched", u.Scheme)
	case u.Scheme == "https" && slices.Contains(s.AllowedHosts, u.Host):
		return nil
	case slices.Contains(s.AllowedHosts, u.Scheme+"://"+u.Host):
		return nil
	case slices.Contains(s.AllowedHosts, u.Host):
		return fmt.Errorf("%s is fetched over https only", u.Host)
	}
	return fmt.Errorf("host %s is not one of inrepo.allowed_hosts in config.yaml", u.Host)
}

// remoteFile fetches an address. A fragment "#sha256=..." is the digest that the file must have.
func (g *reading) remoteFile(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address", address)
	}
	if err := g.allows(u); err != nil {
		return nil, err
	}
	want, _ := strings.CutPrefix(u.Fragment, "sha256=")
	u.Fragment = ""
	file, err := g.remotes.get(ctx, u.String(), pinFresh, pinStale, func(ctx context.Context) (pinned, int, error) {
		return g.download(ctx, u.String())
	})
	if err != nil {
		return nil, err
	}
	if want != "" && file.digest != "sha256:"+want {
		return nil, fmt.Errorf("%s has digest %s, not the sha256:%s that is asked for", u.Redacted(), file.digest, want)
	}
	g.pins = append(g.pins, u.Redacted()+" "+file.digest)
	return file.data, nil
}

func (r *Reader) download(ctx context.Context, address string) (pinned, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return pinned{}, 0, fmt.Errorf("fetch %s: %w", address, err)
	}
	req.Header.Set("User-Agent", "pharos")
	resp, err := r.client.Do(req)
	if err != nil {
		var failed *url.Error // whose text would repeat the address
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return pinned{}, 0, fmt.Errorf("fetch %s: %w", address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return pinned{}, 0, fmt.Errorf("fetch %s: the server answers %s", address, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxRemote+1))
	switch {
	case err != nil:
		return pinned{}, 0, fmt.Errorf("fetch %s: %w", address, err)
	case len(data) > maxRemote:
		return pinned{}, 0, fmt.Errorf("fetch %s: the file is larger than %d KiB", address, maxRemote>>10)
	}
	file := pin(data)
	return file, len(data) + len(address) + 200, nil
}

const maxRemote = 1 << 20

func pin(data []byte) pinned {
	sum := sha256.Sum256(data)
	return pinned{data: data, digest: "sha256:" + hex.EncodeToString(sum[:])}
}
