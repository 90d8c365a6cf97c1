package vendors_test

import (
	"sync"
	"testing"

	driver "github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketcloud"
	"github.com/pharos-ci/pharos/test/vendors"
)

var bitbucketDocument = sync.OnceValues(func() (*vendors.Document, error) {
	return vendors.Load("bitbucketcloud.json", "/2.0", bitbucketCorrections...)
})

func TestBitbucketCloudKeepsToItsDocument(t *testing.T) {
	document, err := bitbucketDocument()
	if err != nil {
		t.Fatal(err)
	}
	tally := vendors.NewTally(vendors.BitbucketCloud)
	f := simulator.Start(vendors.Checked{Dialect: bitbucketcloud.Dialect{}, Document: document, Tally: tally}, t.TempDir())
	w := contract.NewSimulated(f, driver.Driver{}, contract.Simulated{
		PageSize: 100, // of most things; of pull requests it is half of that
		Credentials: func(token string) scm.Credentials {
			return scm.Credentials{User: contract.Bot + "@forge.test", Token: token}
		},
	})
	contract.Run(t, w)
	moreCallsOfBitbucket(t, w)
	f.Close()
	tally.Report(t, vendors.Requests, vendors.Responses)
}
