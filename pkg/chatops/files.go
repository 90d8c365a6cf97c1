package chatops

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// rememberedHeads bounds the memory of changed files; with the largest lists that forges tell it is about 40 MiB.
const rememberedHeads = 256

// change is what decides which files a pull request changes: they stay the same until its head or its base is another.
// Commits that reach the base otherwise may take files off the list, which stays as it was then: a job too many is no harm.
type change struct {
	ref        scm.PullRef
	head, base string
}

func newFileMemory() *lru.Cache[change, []string] {
	memory, err := lru.New[change, []string](rememberedHeads)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return memory
}
