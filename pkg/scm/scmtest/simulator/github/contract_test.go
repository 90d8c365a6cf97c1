package github_test

import (
	"testing"

	driver "github.com/pharos-ci/pharos/pkg/scm/github"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/github"
)

func TestTheDriverKeepsTheContract(t *testing.T) {
	f := simulator.Start(github.Dialect{}, t.TempDir())
	t.Cleanup(f.Close)
	contract.Run(t, contract.NewSimulated(f, driver.Driver{}, contract.Simulated{PageSize: 100}))
}
