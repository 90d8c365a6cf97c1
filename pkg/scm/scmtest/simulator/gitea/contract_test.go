package gitea_test

import (
	"testing"

	driver "github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitea"
)

func TestTheDriverKeepsTheContract(t *testing.T) {
	f := simulator.Start(gitea.Dialect{}, t.TempDir())
	t.Cleanup(f.Close)
	contract.Run(t, contract.NewSimulated(f, driver.Driver{}, contract.Simulated{PageSize: 50}))
}
