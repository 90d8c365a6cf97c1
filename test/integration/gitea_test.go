package integration

import (
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/test/harness"
)

func TestTheGiteaDriverKeepsTheContractOnARealGitea(t *testing.T) {
	g, err := harness.OpenGitea(cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	world, err := harness.NewGiteaWorld(g)
	if err != nil {
		t.Fatal(err)
	}
	contract.Run(t, world)
}
