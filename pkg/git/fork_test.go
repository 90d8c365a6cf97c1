package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

// fork copies the origin beside it, and commits there what the origin never sees.
func (s *served) fork(branch, file, content string) v1alpha1.Pull {
	s.t.Helper()
	copied := origin{s.t, filepath.Join(filepath.Dir(s.dir), "fork")}
	if err := os.CopyFS(copied.dir, os.DirFS(s.dir)); err != nil {
		s.t.Fatal(err)
	}
	sha := copied.write("refs/heads/"+branch, "refs/heads/main", file, content)
	address := s.url[:len(s.url)-len("/origin/.git")] + "/fork/.git"
	return v1alpha1.Pull{Number: 7, Author: "mallory", SHA: sha, Ref: "refs/heads/" + branch, CloneURI: address}
}

func TestAHeadThatOnlyItsForkHasIsFetchedFromThere(t *testing.T) {
	s := serve(t)
	pull := s.fork("feature", "ci/fork.yaml", "forked")
	yes := true
	for name, blobless := range map[string]*bool{"whole": nil, "blobless": &yes} {
		t.Run(name, func(t *testing.T) {
			refs := s.refs(pull)
			refs.BloblessFetch = blobless
			_, dir, log, err := clone(t, refs)
			if err != nil {
				t.Fatalf("Clone: %v\n%s", err, log)
			}
			if got := read(t, dir, "ci/fork.yaml"); got != "forked" {
				t.Errorf("the file holds %q", got)
			}
		})
	}
	tree, err := mirrors(t).Read(t.Context(), git.Reading{Refs: s.refs(pull), Paths: []string{"ci"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"ci/fork.yaml": "forked"}, contents(tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestAForkAtAHostileAddressIsRefused(t *testing.T) {
	o := newOrigin(t)
	pull := o.pull("1", "refs/heads/main", "a.txt", "x")
	pull.CloneURI = "ext::sh -c touch% /tmp/owned"
	if _, _, _, err := clone(t, o.refs(pull)); err == nil {
		t.Error("no error")
	}
}
