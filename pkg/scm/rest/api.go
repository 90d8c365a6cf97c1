package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// maxBody bounds what is decoded, also where the transport does not.
const maxBody = 32 << 20

// API sends requests to one server as one account. It is never changed after it was made.
type API struct {
	// Forge is go-scm's client, whose BaseURL ends in a slash.
	Forge *goscm.Client
	// Root of the API below the server, without slashes around it: "api/v1"; may be empty.
	Root string
	// Accept is the media type asked for; JSON if it is empty.
	Accept string
	// Authorize adds the account's proof to a request's header. It may make calls of its own.
	Authorize func(ctx context.Context, header http.Header) error
	// Explain turns the body of a refusal into one text; Kind may replace the usual meaning of a status, and answers nil to
	// leave it. Both may be nil.
	Explain func(body []byte) string
	Kind    func(status int, explanation string) error
}

// Bearer is the token that a call would be sent with, empty where it proves itself otherwise.
func (a *API) Bearer(ctx context.Context, c Call) (string, error) {
	header := http.Header{}
	if a.Authorize != nil {
		if err := a.Authorize(context.WithValue(ctx, callKey{}, c), header); err != nil {
			return "", err
		}
	}
	token, _ := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	return token, nil
}

// Base checks the address of an account and gives it with a slash at its end.
func Base(account scm.Account) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(account.URL, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("open client of connection %s: %w", account.Connection, err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("open client of connection %s: url %q is not http or https", account.Connection, base.Redacted())
	}
	if account.HTTP == nil {
		return nil, errors.New("open client: account has no HTTP client")
	}
	return base, nil
}

// Call is one request. The endpoint names it in metrics, the same in every driver where it means the same; path segments
// are escaped.
type Call struct {
	Endpoint string
	Method   string
	Path     []string
	Query    url.Values
	// Accept replaces the API's media type.
	Accept string
}

type callKey struct{}

// CallOf is the call that Authorize proves, from its context.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}

// Get is a call that reads.
func Get(endpoint string, path []string) Call {
	return Call{Endpoint: endpoint, Method: http.MethodGet, Path: path}
}

// Post is a call that adds.
func Post(endpoint string, path []string) Call {
	return Call{Endpoint: endpoint, Method: http.MethodPost, Path: path}
}

// Put is a call that replaces.
func Put(endpoint string, path []string) Call {
	return Call{Endpoint: endpoint, Method: http.MethodPut, Path: path}
}

// Patch is a call that changes in part.
func Patch(endpoint string, path []string) Call {
	return Call{Endpoint: endpoint, Method: http.MethodPatch, Path: path}
}

// Delete is a call that removes.
func Delete(endpoint string, path []string) Call {
	return Call{Endpoint: endpoint, Method: http.MethodDelete, Path: path}
}

// Do sends in as JSON, if any, and decodes the answer into out, if any; a *[]byte takes it as it is. Errors are typed as
// package scm's and name neither the call's object nor its purpose: callers add that.
func (a *API) Do(ctx context.Context, c Call, in, out any) (http.Header, error) {
	path, err := a.url(c)
	if err != nil {
		return nil, err
	}
	return a.send(ctx, c, path, in, out)
}

func (a *API) send(ctx context.Context, c Call, path string, in, out any) (http.Header, error) {
	header := http.Header{"Accept": {"application/json"}}
	if accept := cmp.Or(c.Accept, a.Accept); accept != "" {
		header.Set("Accept", accept)
	}
	if a.Authorize != nil {
		if err := a.Authorize(context.WithValue(ctx, callKey{}, c), header); err != nil {
			return nil, err
		}
	}
	req := &goscm.Request{Method: c.Method, Path: path, Header: header}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		header.Set("Content-Type", "application/json")
		req.Body = bytes.NewReader(body) // a reader that the transport can rewind
	}
	res, err := a.Forge.Do(transport.WithEndpoint(ctx, c.Endpoint), req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = res.Body.Close() }() // everything wanted of it has been read
	if res.Status < 200 || res.Status > 299 {
		return res.Header, a.refused(res)
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
	if raw, ok := out.(*[]byte); ok {
		*raw = data
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

// url joins the segments below the API's root. Segments that a server would resolve away are refused, so that a login
// of ".." cannot turn one question into another.
func (a *API) url(c Call) (string, error) {
	var b strings.Builder
	b.WriteString(a.Root)
	for _, segment := range c.Path {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("path segment %q: %w", segment, scm.ErrInvalid)
		}
		if b.Len() > 0 {
			b.WriteByte('/')
		}
		b.WriteString(url.PathEscape(segment))
	}
	if len(c.Query) > 0 {
		b.WriteByte('?')
		b.WriteString(c.Query.Encode())
	}
	return b.String(), nil
}
