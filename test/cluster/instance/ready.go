package instance

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/process"
)

// AwaitReady calls probe until it succeeds. It gives up when the part's process ends or patience runs out, and then shows the end of
// its log.
func (in *Instance) AwaitReady(ctx context.Context, part string, patience time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		if !in.Process(part).Alive() {
			return fmt.Errorf("%s ended before it was ready; the end of %s:\n%s", part, in.Log(part), process.Tail(in.Log(part), 15))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("await %s: %w; the end of %s:\n%s", part, err, in.Log(part), process.Tail(in.Log(part), 15))
		case <-tick.C:
		}
	}
}

// ProbeHTTP succeeds when a GET of url with client is answered with status 200.
func ProbeHTTP(client *http.Client, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("build probe: %w", err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("probe %s: %w", url, err)
		}
		if err := resp.Body.Close(); err != nil {
			return fmt.Errorf("probe %s: %w", url, err)
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("probe %s: status %s", url, resp.Status)
		}
		return nil
	}
}
