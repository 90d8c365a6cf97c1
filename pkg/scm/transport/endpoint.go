package transport

import (
	"context"
	"net/http"
	"strings"
)

type endpointKey struct{}

// WithEndpoint names the API call that ctx is used for, as metrics show it: "pulls.files". Drivers give each call a
// constant name; a name built from a repository or a number would make a time series of its own.
func WithEndpoint(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, endpointKey{}, name)
}

// endpoint is the name the driver gave, or the path with everything but well-known words replaced.
func endpoint(req *http.Request) string {
	if name, ok := req.Context().Value(endpointKey{}).(string); ok {
		return name
	}
	return template(req.URL.Path)
}

// words are the path segments that forge APIs are made of. Any other segment is a name, a number or a hash.
var words = map[string]bool{
	"api": true, "v1": true, "v3": true, "v4": true, "rest": true, "2.0": true, "1.0": true,
	"repos": true, "repositories": true, "projects": true, "orgs": true, "groups": true, "users": true, "user": true,
	"pulls": true, "pullrequests": true, "pull-requests": true, "merge_requests": true, "issues": true,
	"comments": true, "notes": true, "labels": true, "statuses": true, "status": true, "commits": true, "commit": true,
	"files": true, "diffs": true, "compare": true, "members": true, "public_members": true, "collaborators": true,
	"permission": true, "hooks": true, "merge": true, "branches": true, "version": true,
}

// maxTemplate bounds derived names: deeper paths are cut.
const maxTemplate = 8

func template(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) > maxTemplate {
		segments = append(segments[:maxTemplate:maxTemplate], "...")
	}
	for i, s := range segments {
		if !words[s] && s != "..." {
			segments[i] = "*"
		}
	}
	return "/" + strings.Join(segments, "/")
}
