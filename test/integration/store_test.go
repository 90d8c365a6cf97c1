package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/pkg/storage/storetest"
	"github.com/pharos-ci/pharos/test/harness"
)

func cluster(t *testing.T) *harness.Cluster {
	t.Helper()
	c, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func unique(name string) string { return fmt.Sprintf("%s-%x", name, time.Now().UnixNano()&0xffffffff) }

func TestTheS3StoreKeepsTheContractOfStores(t *testing.T) {
	c := cluster(t)
	n := 0
	storetest.StoreContract(t, func() storage.Store {
		n++
		bucket, err := harness.CreateBucket(t.Context(), c, unique(fmt.Sprint("store-", n)))
		if err != nil {
			t.Fatal(err)
		}
		store, err := storage.OpenS3(t.Context(), storage.S3Options{
			Endpoint: c.S3.Endpoint, Region: c.S3.Region, Bucket: bucket.Name, Prefix: "some/prefix",
			AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey,
		})
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}
