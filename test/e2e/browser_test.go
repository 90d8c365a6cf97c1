package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pharos-ci/pharos/test/harness"
)

// Size of the window.
const (
	windowWidth  = 1440
	windowHeight = 900
)

// chromium is a headless Chromium that ends with the test. The switches keep it from calling home, which a closed network
// would answer with one refused connection after another.
func chromium(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(windowWidth, windowHeight),
		chromedp.Flag("no-sandbox", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// page is a tab. Everything that fails ends the test with what the page shows.
type page struct {
	t    *testing.T
	ctx  context.Context //nolint:containedctx // the tab itself, as chromedp has it
	base string
}

// visitor opens an empty tab with cookies of its own: somebody who was never here. An uncaught error of a page, or one that
// it writes to its console, fails the test.
func visitor(browser context.Context, t *testing.T, base string) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context that it is first used with
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(windowWidth, windowHeight))
	// The cluster's Gitea has no scripts and styles, of which its pages complain in a dialog that stops everything.
	if _, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: "window.alert = () => {}"}); err != nil {
		t.Fatal(err)
	}
	console := chromedp.Console(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for said, err := range console {
			if err != nil {
				return // the tab is closed
			}
			if said.IsException() || said.Type == chromedp.ConsoleError && !expected(said) {
				t.Errorf("the page complains: %s %s", said.Text, said.URL)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-over
	})
	return p
}

// another visitor, at the same time.
func (p *page) another() *page {
	p.t.Helper()
	return visitor(p.ctx, p.t, p.base)
}

// expected are the browser's own lines about answers that a story asks for.
func expected(said chromedp.ConsoleMessage) bool {
	return said.Source == "network" && strings.Contains(said.Text, "the server responded with a status of 40")
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// open goes to a path of the dashboard, or to an address.
func (p *page) open(path string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.base + path
	}
	p.do(chromedp.Navigate(path))
}

// value of an expression; a promise is waited for.
func value[T any](p *page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// sees waits until an expression is true. While the page is loading another document it is not.
func (p *page) sees(what, expression string) {
	p.t.Helper()
	err := harness.UntilEvery(p.ctx, 50*time.Millisecond, time.Minute, what, func() (bool, string) {
		ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second) // nobody answers a question to a document that goes
		defer cancel()
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		return err == nil && ok, fmt.Sprint(err)
	})
	if err != nil {
		shown := value[string](p, `location.href + "\n" + document.body.innerText`)
		p.t.Fatalf("%v\n%s", err, shown[:min(len(shown), 3000)])
	}
}

// until waits for a condition of the page.
func (p *page) until(what string, holds func() (bool, string)) {
	p.t.Helper()
	if err := harness.UntilEvery(p.ctx, 100*time.Millisecond, time.Minute, what, holds); err != nil {
		p.t.Fatal(err)
	}
}

// says waits until the content of the page has a text.
func (p *page) says(text string) {
	p.t.Helper()
	p.sees(fmt.Sprintf("the page to say %q", text), fmt.Sprintf("document.querySelector('main')?.innerText.includes(%q)", text))
}

// click clicks the first element of a selector, once it is there.
func (p *page) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// press presses keys, one after the other. As at a real keyboard, a page that takes the press of a key for itself takes its
// letter too.
func (p *page) press(keys string) {
	p.t.Helper()
	for _, r := range keys {
		var down, up input.DispatchKeyEventParams
		for _, e := range kb.Encode(r) {
			switch e.Type {
			case kb.KeyDown:
				down = *e
			case kb.KeyChar:
				down.Text, down.UnmodifiedText = e.Text, e.UnmodifiedText
			case kb.KeyUp:
				up = *e
			}
		}
		for _, e := range []input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, e); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

// colours tells pages what the system prefers: light or dark.
func (p *page) colours(scheme string) {
	p.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		p.t.Fatal(err)
	}
}

// phone makes the window that of a phone.
func (p *page) phone() {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)))
}

// logIn signs in at Gitea, which asks for consent at the first time, and comes back to where the page was.
func (p *page) logIn(user string) {
	p.t.Helper()
	p.sees("where to log in", `document.querySelector("header a[href^='/login/']")`)
	value[bool](p, `document.querySelector("header a[href^='/login/']").click(), true`)
	p.sees("the form of Gitea", `document.readyState === "complete" && document.activeElement.id === "user_name"`)
	p.press(user + kb.Tab + harness.Password + kb.Enter)
	back := fmt.Sprintf("location.origin === %q", p.base)
	p.sees("consent or the dashboard", back+` || document.querySelector("#authorize-app")`)
	if !value[bool](p, back) {
		value[bool](p, `document.querySelector("#authorize-app").click(), true`)
	}
	p.sees("the name of "+user, fmt.Sprintf(`document.querySelector("header [aria-label='Logged in as %s']")`, user))
}

// shoot keeps a picture of the window in the folder of screenshots.
func (p *page) shoot(name string) {
	p.t.Helper()
	shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	small, err := palette(shot)
	if err != nil {
		p.t.Fatal(err)
	}
	dir := cmp.Or(os.Getenv("PHAROS_SCREENSHOTS"), p.t.TempDir())
	if err := os.WriteFile(filepath.Join(dir, name+".png"), small, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
