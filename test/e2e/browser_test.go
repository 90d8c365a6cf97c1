package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// browser is a headless Chromium that ends with the test. The switches keep it from calling home, which a closed network
// would answer with one refused connection after another.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("no-sandbox", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// shows asks the page for the value of an expression.
func shows(ctx context.Context, expression string) string {
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return err.Error()
	}
	return text
}

func TestTheRunPageShowsTheLogWhileItIsWrittenAndNeedsNoReload(t *testing.T) {
	s := newSite(t, "browser", unitJob, nil)
	s.open("feature", "test.sh", counting)
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	page := browser(t)
	if err := chromedp.Do(page, chromedp.Navigate(pj.Status.URL)); err != nil {
		t.Fatal(err)
	}
	shows(page, `window.marker = "not reloaded"`)
	s.until("a line of the running step", func() (bool, string) {
		state := shows(page, `document.querySelector("#state").textContent`)
		seen := shows(page, `String(document.querySelector("#log").textContent.includes("line number 200 of the log"))`)
		if state != "pending" {
			t.Fatalf("the run is %s before the page showed a line", state)
		}
		return seen == "true", seen
	})
	s.until("the end on the same page", func() (bool, string) {
		state := shows(page, `document.querySelector("#state").textContent`)
		last := shows(page, `String(document.querySelector("#log").textContent.includes("line number 3000 of the log"))`)
		return state == "success" && last == "true", fmt.Sprint(state, " ", last)
	})
	if marker := shows(page, `String(window.marker)`); marker != "not reloaded" {
		t.Errorf("the page was reloaded: %s", marker)
	}
}
