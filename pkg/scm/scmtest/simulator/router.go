package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// Router finds the handler of a request among patterns as http.ServeMux writes them: "GET /repos/{owner}/{name...}". Other
// than there the first that was registered wins, because vendors' paths overlap; a word comes before a name all the same if
// it is registered first. Segments are matched as they were sent, so that an escaped slash stays inside its segment.
type Router struct {
	routes []route
	// Nothing answers what no pattern matches.
	Nothing http.HandlerFunc
}

type route struct {
	method   string
	segments []string
	handler  http.HandlerFunc
}

// HandleFunc registers a handler for "METHOD /path".
func (r *Router) HandleFunc(pattern string, h http.HandlerFunc) {
	method, path, _ := strings.Cut(pattern, " ")
	r.routes = append(r.routes, route{method, strings.Split(strings.Trim(path, "/"), "/"), h})
}

// ServeHTTP implements http.Handler.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	sent := strings.Split(strings.Trim(req.URL.EscapedPath(), "/"), "/")
	for _, one := range r.routes {
		if one.method != req.Method {
			continue
		}
		if values, ok := one.match(sent); ok {
			for name, value := range values {
				req.SetPathValue(name, value)
			}
			one.handler(w, req)
			return
		}
	}
	r.Nothing(w, req)
}

func (r *route) match(sent []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, wanted := range r.segments {
		name, isName := strings.CutPrefix(wanted, "{")
		name = strings.TrimSuffix(name, "}")
		rest, isRest := strings.CutSuffix(name, "...")
		switch {
		case isName && isRest:
			values[rest] = unescape(strings.Join(sent[min(i, len(sent)):], "/"))
			return values, len(sent) > i
		case i >= len(sent), !isName && sent[i] != wanted, sent[i] == "":
			return nil, false
		case isName:
			values[name] = unescape(sent[i])
		}
	}
	return values, len(sent) == len(r.segments)
}

func unescape(s string) string {
	text, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return text
}
