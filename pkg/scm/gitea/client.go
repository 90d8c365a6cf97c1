package gitea

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

const (
	// pageSize is the largest page that Gitea serves by default (MAX_RESPONSE_ITEMS).
	pageSize = 50
	// maxPages ends a listing that a server never ends; 5,000 items of anything on one pull request are a mistake.
	maxPages = 100
	// maxBody bounds what is decoded, also where the transport does not.
	maxBody = 32 << 20
)

// api sends requests to one server as one account.
type api struct {
	forge *goscm.Client
	token string
}

// A call is one request. The endpoint names it in metrics; path segments are escaped by [call.url].
type call struct {
	endpoint string
	method   string
	path     []string
	query    url.Values
}

// do sends in as JSON, if any, and decodes the answer into out, if any. Errors are typed as package scm's errors and
// name neither the call's object nor its purpose: callers add that.
func (a *api) do(ctx context.Context, c call, in, out any) (http.Header, error) {
	path, err := c.url()
	if err != nil {
		return nil, err
	}
	header := http.Header{"Accept": {"application/json"}}
	if a.token != "" {
		header.Set("Authorization", "token "+a.token)
	}
	req := &goscm.Request{Method: c.method, Path: path, Header: header}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		header.Set("Content-Type", "application/json")
		req.Body = bytes.NewReader(body) // a reader that the transport can rewind
	}
	res, err := a.forge.Do(transport.WithEndpoint(ctx, c.endpoint), req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = res.Body.Close() }() // everything wanted of it has been read
	if res.Status < 200 || res.Status > 299 {
		return nil, refused(res)
	}
	return res.Header, decode(res.Body, out)
}

func decode(body io.Reader, out any) error {
	if out == nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return unreachable(fmt.Errorf("read answer: %w", err))
	}
	if len(data) > maxBody {
		return fmt.Errorf("answer is longer than %d bytes", maxBody)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// url joins the segments below the API's root. Segments that a server would resolve away are refused, so that a login
// of ".." cannot turn one question into another.
func (c call) url() (string, error) {
	var b strings.Builder
	b.WriteString("api/v1")
	for _, segment := range c.path {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("path segment %q: %w", segment, scm.ErrInvalid)
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	if len(c.query) > 0 {
		b.WriteByte('?')
		b.WriteString(c.query.Encode())
	}
	return b.String(), nil
}

// repoPath is a path below one repository.
func repoPath(repo scm.Repo, rest ...string) []string {
	return append([]string{"repos", repo.Org, repo.Name}, rest...)
}

// list reads every page of a listing. Gitea says how many items there are by X-Total-Count and what follows by Link; a
// listing with neither header has one page, whatever page is asked for.
func list[T any](ctx context.Context, a *api, endpoint string, path []string, query url.Values) ([]T, error) {
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", strconv.Itoa(pageSize))
	var all []T
	for page := 1; page <= maxPages; page++ {
		query.Set("page", strconv.Itoa(page))
		var items []T
		header, err := a.do(ctx, call{endpoint, http.MethodGet, path, query}, nil, &items)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if len(items) == 0 || !more(header, len(all)) {
			return all, nil
		}
	}
	return nil, fmt.Errorf("listing does not end after %d pages", maxPages)
}

func more(header http.Header, have int) bool {
	if total, err := strconv.Atoi(header.Get("X-Total-Count")); err == nil && total > have {
		return true
	}
	links := goscm.Response{Header: header}
	links.PopulatePageValues()
	return links.Page.Next > 0
}
