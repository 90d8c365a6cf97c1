package bitbucketcloud_test

import (
	"testing"

	driver "github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketcloud"
)

func TestTheDriverKeepsTheContract(t *testing.T) {
	f := simulator.Start(bitbucketcloud.Dialect{}, t.TempDir())
	t.Cleanup(f.Close)
	contract.Run(t, contract.NewSimulated(f, driver.Driver{}, contract.Simulated{
		PageSize: 100, // of most things; of pull requests it is half of that
		Credentials: func(token string) scm.Credentials {
			return scm.Credentials{User: contract.Bot + "@forge.test", Token: token}
		},
	}))
}
