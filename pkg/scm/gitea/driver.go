package gitea

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var _ scm.Driver = Driver{}

// Driver is Gitea as a forge.
type Driver struct{}

// Open makes a client for the server at account.URL. The bot needs write permission for statuses and labels, and to be
// an owner of the repository's organisation, or its administrator, for asking who may write to it.
func (Driver) Open(account scm.Account) (*scm.Client, error) {
	base, err := url.Parse(strings.TrimSuffix(account.URL, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("open gitea client of connection %s: %w", account.Connection, err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("open gitea client of connection %s: url %q is not http or https", account.Connection, base.Redacted())
	}
	if account.HTTP == nil {
		return nil, errors.New("open gitea client: account has no HTTP client")
	}
	a := &api{
		forge: &goscm.Client{Client: account.HTTP, BaseURL: base, Driver: goscm.DriverGitea},
		token: account.Token,
	}
	none := scm.NewClient(scm.Client{})
	return scm.NewClient(scm.Client{
		Capabilities: scm.Capabilities{
			StatusDescriptionLimit: 0, // stored as text
			PullHeadRef:            "refs/pull/%d/head",
		},
		Pulls:    pulls{a, none.Pulls},
		Comments: comments{a, none.Comments},
		Labels:   labels{a, none.Labels},
		Statuses: statuses{a},
		Members:  members{a, none.Members},
	}), nil
}
