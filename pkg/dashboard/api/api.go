package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
	"github.com/pharos-ci/pharos/pkg/login"
)

// Options are what the API answers from; all but BrowseURL and Logins are required.
type Options struct {
	Gate    *gate.Gate
	Streams *sse.Server
	// Version of Pharos.
	Version string
	// StoreURL is where logs are kept, for people: "s3://bucket". Empty hides it.
	StoreURL string
	// BrowseURL, when set, is the address that a run's folder is appended to for a link into the bucket.
	BrowseURL string
	// Logins are the connections at which one can log in; nil means none.
	Logins func() []login.Choice
	// Rebuilding says how far old runs were read from the store, and whether that goes on.
	Rebuilding func() (done, total int, running bool)
	// Pace is how often streams do things; the zero value is what production wants.
	Pace Pace
}

// Pace is how often a log stream looks at its run, how often at its steps without another cause, because that may read the
// bucket, and how long it waits after a fault.
type Pace struct{ Poll, Steps, Retry time.Duration }

var pace = Pace{Poll: time.Second, Steps: 5 * time.Second, Retry: time.Second}

// API answers below [Prefix].
type API struct {
	Options
	huma huma.API
	// heavy bounds the requests that read much at once.
	heavy chan struct{}
}

// maxHeavy leaves processors for everything else.
const maxHeavy = 4

// begin waits for the turn of a request that reads much; the caller calls end.
func (a *API) begin(ctx context.Context) (end func(), err error) {
	select {
	case a.heavy <- struct{}{}:
		return func() { <-a.heavy }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
}

// New registers every operation on mux.
func New(mux *http.ServeMux, o Options) *API {
	if o.Pace == (Pace{}) {
		o.Pace = pace
	}
	if o.Logins == nil {
		o.Logins = func() []login.Choice { return nil }
	}
	a := &API{Options: o, huma: newHuma(mux), heavy: make(chan struct{}, maxHeavy)}
	a.registerRuns()
	a.registerRun()
	a.registerLog()
	a.registerArtifacts()
	a.registerRest()
	requireLists(a.huma.OpenAPI())
	return a
}
