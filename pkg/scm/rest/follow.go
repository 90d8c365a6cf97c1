package rest

import (
	"context"
	"fmt"
	"net/http"
)

// Follow reads from an address that an earlier answer gave: the next page of a listing, the state of a task. It may lead to
// the API's own server only, because the account's proof is for nobody else.
func (a *API) Follow(ctx context.Context, c Call, address string, out any) (http.Header, error) {
	base := a.Forge.BaseURL
	to, err := base.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("answer leads to an address that is none: %w", err)
	}
	if to.Scheme != base.Scheme || to.Host != base.Host || to.User != nil {
		return nil, fmt.Errorf("answer leads to another server, %.200q", to.Redacted())
	}
	c.Method = http.MethodGet
	return a.send(ctx, c, to.String(), nil, out)
}
