package logstest_test

import (
	"testing"

	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/pkg/storage/storetest"
)

func TestMemoryIsAStore(t *testing.T) {
	storetest.StoreContract(t, func() storage.Store { return logstest.NewMemory() })
}
