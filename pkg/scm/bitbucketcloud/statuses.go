package bitbucketcloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type statuses struct{ *api }

// Limits of a status, in characters. Bitbucket refuses what is longer.
const (
	maxKey  = 40
	maxName = 255
)

// key is what Bitbucket knows a context by. One that is too long is cut and told apart by a hash; the name has all of it.
func key(context string) string {
	if len(context) <= maxKey {
		return context
	}
	const digits = 8
	sum := sha256.Sum256([]byte(context))
	return strings.ToValidUTF8(context[:maxKey-digits-1], "") + "-" + hex.EncodeToString(sum[:])[:digits]
}

// states are Bitbucket's of ours. STOPPED would not keep a pull request from being merged, so an error is a failure there.
var states = map[scm.StatusState]string{
	scm.StatusPending: "INPROGRESS", scm.StatusSuccess: "SUCCESSFUL", scm.StatusFailure: "FAILED", scm.StatusError: "FAILED",
}

// Set implements scm.Statuses. Bitbucket wants an address: where there is none the commit's own page stands for it.
func (s statuses) Set(ctx context.Context, repo scm.Repo, sha string, status scm.Status) error {
	in := commitStatus{
		Key: key(status.Context), Name: status.Context, State: states[status.State], Description: status.Description, URL: status.TargetURL,
	}
	if len(in.Name) > maxName {
		in.Name = strings.ToValidUTF8(in.Name[:maxName], "")
	}
	if in.URL == "" {
		in.URL = s.site.JoinPath(repo.Org, repo.Name, "commits", sha).String()
	}
	if _, err := s.Do(ctx, rest.Post("statuses.set", repoPath(repo, "commit", sha, "statuses", "build")), in, nil); err != nil {
		return fmt.Errorf("set status %s on %s of %v: %w", status.Context, sha, repo, err)
	}
	return nil
}

// List implements scm.Statuses. Bitbucket keeps one status of each key.
func (s statuses) List(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	found, err := list[commitStatus](ctx, s.api, rest.Get("statuses.list", repoPath(repo, "commit", sha, "statuses")))
	if err != nil {
		return nil, fmt.Errorf("list statuses of %s in %v: %w", sha, repo, err)
	}
	var all []scm.Status
	for i := range found {
		all = append(all, found[i].normal())
	}
	return all, nil
}

// commitStatus is a status as it is written, and as webhooks and the API write it.
type commitStatus struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Description string `json:"description"`
	URL         string `json:"url"`
	RefName     string `json:"refname,omitempty"`
	Commit      hashed `json:"commit,omitzero"`
	Links       struct {
		Commit link `json:"commit"`
	} `json:"links,omitzero"`
}

// normal finds the context in the name where the key was made of it; others put anything there, the number of a build too.
func (s *commitStatus) normal() scm.Status {
	context := s.Key
	if key(s.Name) == s.Key {
		context = s.Name
	}
	return scm.Status{Context: context, State: readState(s.State), Description: s.Description, TargetURL: s.URL}
}

func readState(state string) scm.StatusState {
	switch state {
	case "INPROGRESS":
		return scm.StatusPending
	case "SUCCESSFUL":
		return scm.StatusSuccess
	case "FAILED":
		return scm.StatusFailure
	default: // STOPPED
		return scm.StatusError
	}
}
