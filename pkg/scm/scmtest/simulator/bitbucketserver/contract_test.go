package bitbucketserver_test

import (
	"testing"

	driver "github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketserver"
)

func TestTheDriverKeepsTheContract(t *testing.T) {
	f := simulator.Start(bitbucketserver.Dialect{}, t.TempDir())
	t.Cleanup(f.Close)
	contract.Run(t, contract.NewSimulated(f, driver.Driver{}, contract.Simulated{PageSize: 20, Owners: "ACME%d"}))
}
