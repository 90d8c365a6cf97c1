package dashboard

import (
	"errors"
	"net/http"
	"strings"
)

// gone is a run that is not known any more, but whose log has an address.
type gone struct{ address string }

// Error implements error.
func (g *gone) Error() string { return "run of " + g.address + " not found" }

// Unwrap makes it a run that is not found.
func (*gone) Unwrap() error { return ErrNotFound }

// problem answers a request that failed: with a page, or with JSON below /api/.
func (s *site) problem(w http.ResponseWriter, r *http.Request, err error) {
	code := statusOf(err)
	logFailure(r, code, err)
	text := err.Error()
	if code == http.StatusInternalServerError {
		text = "The dashboard could not answer. Its own log says why." // the cause may tell of things that are no reader's business
	}
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		_ = writeJSON(w, code, map[string]string{"error": text}) // a map of strings always encodes
		return
	}
	page := struct {
		frame
		Code  int
		Text  string
		Run   bool
		Log   string
		Store string
	}{frame: s.frame(http.StatusText(code)), Code: code, Text: text, Store: strings.TrimSuffix(s.StoreURL, "/")}
	page.Run = code == http.StatusNotFound && (strings.HasPrefix(r.URL.Path, "/runs/") || strings.HasPrefix(r.URL.Path, "/view/"))
	var g *gone
	if errors.As(err, &g) {
		page.Log = g.address
	}
	if err := writePage(w, code, s.pages["problem"], page); err != nil {
		logFailure(r, http.StatusInternalServerError, err)
	}
}
