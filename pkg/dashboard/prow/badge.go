package prow

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// badge is one picture for the newest run of each job that ?jobs=, patterns with commas between them, selects: red when one
// of them failed.
func (p *routes) badge(w http.ResponseWriter, r *http.Request) error {
	wanted := strings.Split(r.URL.Query().Get("jobs"), ",")
	for _, pattern := range wanted {
		if _, err := path.Match(pattern, ""); err != nil || len(wanted) > maxPatterns || len(pattern) > longest {
			return fmt.Errorf("%w: jobs is a list of at most %d names or patterns", ErrBadQuery, maxPatterns)
		}
	}
	runs, err := p.gate.Present(r.Context())
	if err != nil {
		return err
	}
	latest := map[string]*v1alpha1.PipelineJob{}
	failing := []string{}
	for _, pj := range runs { // newest first
		if name := pj.Spec.Job; latest[name] == nil && selects(wanted, name) {
			latest[name] = pj
			if pj.Status.State == v1alpha1.StateFailure {
				failing = append(failing, name)
			}
		}
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // badges stand in READMEs
	h.Set("Cache-Control", "no-cache, max-age=0")
	_, _ = w.Write(picture(len(latest), failing)) // the client is gone, which nobody needs to know
	return nil
}

const maxPatterns = 50

func selects(patterns []string, job string) bool {
	for _, pattern := range patterns {
		if ok, err := path.Match(pattern, job); ok && err == nil {
			return true
		}
	}
	return false
}

func picture(jobs int, failing []string) []byte {
	text, colour := "passing", "#2e8540"
	switch {
	case jobs == 0:
		text, colour = "no results", "#5b616b"
	case len(failing) > maxNamed:
		text, colour = fmt.Sprintf("failing %s, …", strings.Join(failing[:maxNamed], ", ")), "#c9190b"
	case len(failing) > 0:
		text, colour = "failing "+strings.Join(failing, ", "), "#c9190b"
	}
	var b bytes.Buffer
	left, right := width("build"), width(text)
	_ = drawing.Execute(&b, map[string]any{ // numbers and text always draw
		"Text": text, "Colour": template.CSS(colour), "Left": left, "Right": right, "Width": left + right,
		"LeftMiddle": left / 2, "RightMiddle": left + right/2,
	})
	return b.Bytes()
}

// maxNamed is how many failing jobs a badge names.
const maxNamed = 3

// width is about how wide a text is in pixels, with a margin.
func width(text string) int { return 12 + 7*utf8.RuneCountInString(text) }

var drawing = template.Must(template.New("badge").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img" aria-label="build: {{.Text}}">` +
	`<title>build: {{.Text}}</title><rect width="{{.Width}}" height="20" rx="3" fill="#4d5258"/>` +
	`<path d="M{{.Left}} 0h{{.Right}}v20h-{{.Right}}z" fill="{{.Colour}}"/>` +
	`<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,sans-serif" font-size="11">` +
	`<text x="{{.LeftMiddle}}" y="14">build</text><text x="{{.RightMiddle}}" y="14">{{.Text}}</text></g></svg>
`))
