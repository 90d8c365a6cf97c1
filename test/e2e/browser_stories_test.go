package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// TestTheDashboardInABrowser tells what people do with the dashboard, on one site. Those stories come first that need
// nothing but the past, while the runs of the present go on.
func TestTheDashboardInABrowser(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	browser := chromium(t)
	x.work()
	for _, story := range []struct {
		name string
		tell func(*team, *page)
	}{
		{"a line of a finished run is shown by its address", (*team).deepLink},
		{"an error in a log of a gibibyte is found", (*team).gibibyte},
		{"the keyboard alone leads from the list to a line", (*team).keyboard},
		{"the page is dark as the system is, or as the reader says", (*team).dark},
		{"a phone shows all of it", (*team).onPhone},
		{"a private repository is shown to its members only", (*team).secret},
		{"a member runs a job again", (*team).rerun},
		{"an outsider is told why he may not", (*team).refused},
		{"the log of a running job comes without a reload", (*team).live},
		{"every page is accessible, in light and dark", (*team).pages},
	} {
		t.Run(story.name, func(t *testing.T) {
			story.tell(x.of(t), visitor(browser, t, x.Pharos.DashboardURL))
		})
	}
}

// selected are the numbers of the lines that are highlighted and within the window.
const selected = `[...document.querySelectorAll(".line[data-selected]")].filter((line) => {
	const box = line.getBoundingClientRect(), frame = document.querySelector(".log-box").getBoundingClientRect()
	return box.top >= frame.top && box.bottom <= frame.bottom
}).map((line) => line.querySelector("a").dataset.number).join()`

// line is the text of a line, if it is shown.
func line(number int) string {
	return fmt.Sprintf(`(document.querySelector('.line a[data-number="%d"]')?.parentElement.innerText ?? "")`, number)
}

func (x *team) deepLink(p *page) {
	p.open(run(x.long, "#check/run:L1200"))
	p.sees("line 1200, highlighted", selected+` === "1200"`)
	p.sees("its text", line(1200)+`.includes("acme/app/store/shard1185")`)
	p.open("/")
	p.open(run(x.long, "#check/run:L40-L42"))
	p.sees("three lines, highlighted", selected+` === "40,41,42"`)
}

// transferred is how many bytes the page has read from the server, its own code included.
const transferred = `performance.getEntriesByType("resource").reduce((sum, r) => sum + r.transferSize, 0)`

func (x *team) gibibyte(p *page) {
	p.open(run(x.big))
	p.sees("the end of the log", line(bigLines)+` !== ""`)
	first := value[float64](p, transferred)
	p.press("e")
	p.sees("the first error", fmt.Sprintf(`%s === "%d"`, selected, bigError))
	p.sees("its text", line(bigError)+`.includes("panic: runtime error: index out of range")`)
	p.shoot("run-log-gibibyte")
	p.press("/")
	p.press(`checksum of shard\d+ (differs|is absent)` + kb.Enter)
	p.sees("the only match", `document.querySelector(".log-search .result").innerText === "1 of 1"`)
	p.sees("the line that matches", line(bigMismatch)+` && `+fmt.Sprintf(`document.querySelector(".line[data-current] a")?.dataset.number === "%d"`, bigMismatch))
	all := value[float64](p, transferred)
	p.t.Logf("the first screen of 1 GiB took %.0f KiB with the application, error and search %.0f KiB more", first/1024, (all-first)/1024)
	if all > 4<<20 {
		p.t.Errorf("the page read %.0f bytes of a log of 1 GiB", all)
	}
}

// focus is what has the focus, in words.
const focus = `(document.activeElement.getAttribute("aria-label") || document.activeElement.innerText).trim()`

// tabTo presses Tab until something has the focus.
func (p *page) tabTo(what, holds string) {
	p.t.Helper()
	for range 60 {
		if value[bool](p, "Boolean("+holds+")") {
			return
		}
		p.press(kb.Tab)
	}
	p.t.Fatalf("60 times Tab lead to %q, not to %s", value[string](p, focus), what)
}

func (x *team) keyboard(p *page) {
	p.open("/")
	p.sees("runs", `document.querySelector("[data-row]")`)
	p.press(kb.Tab)
	if got := value[string](p, focus); got != "Skip to the content" {
		p.t.Errorf("the first Tab leads to %q", got)
	}
	p.press(kb.Enter)
	p.tabTo("the filter", `document.activeElement.closest(".filter-bar") && document.activeElement.matches("input")`)
	p.press("job:conformance" + kb.Enter)
	p.sees("one run", `document.querySelectorAll("[data-row]").length === 1`)
	p.tabTo("the run", `document.activeElement.matches("[data-row]")`)
	p.press(kb.Enter)
	p.sees("the end of its log", line(3003)+` !== ""`)
	p.press("g")
	p.sees("the question for a line", `document.activeElement.matches("#goto")`)
	p.press("1500" + kb.Enter)
	p.sees("line 1500", selected+` === "1500"`)
	p.press("e")
	p.sees("the error", selected+` === "3001"`)
	p.press("?")
	p.sees("the list of keys", `document.querySelector("[role=dialog]")?.innerText.includes("go to a line or a time")`)
	p.press(kb.Escape)
	p.sees("no list of keys", `!document.querySelector("[role=dialog]")`)
}

const isDark = `document.documentElement.classList.contains("pf-v6-theme-dark") && getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).every((c) => c < 64)`

func (x *team) dark(p *page) {
	p.colours("light")
	p.open("/")
	p.sees("runs", `document.querySelector("[data-row]")`)
	p.sees("a light page", "!("+isDark+")")
	p.colours("dark")
	p.sees("a dark page without a reload", isDark)
	choose := func(now, name string) {
		p.click(fmt.Sprintf(`header [aria-label="Colours: %s"]`, now))
		p.sees("the choice", `document.querySelector("[role=menu]")`)
		value[bool](p, fmt.Sprintf(`[...document.querySelectorAll("[role=menu] button")].find((b) => b.innerText === %q).click(), true`, name))
	}
	choose("As the system", "Light")
	p.sees("a light page on a dark system", "!("+isDark+")")
	p.open(run(x.long))
	p.sees("a light page after a reload", "document.querySelector('.line') && !("+isDark+")")
	choose("Light", "Dark")
	p.colours("light")
	p.sees("a dark page on a light system", isDark)
}

// fits says that nothing is wider than the window.
func (p *page) fits(path string) {
	p.t.Helper()
	if over := value[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		p.t.Errorf("%s is %d px wider than the window", path, over)
	}
}

func (x *team) onPhone(p *page) {
	p.phone()
	p.open("/")
	p.sees("runs", `document.querySelector("[data-row]")`)
	p.fits("/")
	p.shoot("phone")
	p.open(run(x.long, "#check/run:L1200"))
	p.sees("the line", selected+` === "1200"`)
	p.fits("the run's page")
}

func (x *team) secret(p *page) {
	hidden := func(who string) {
		p.open("/?repo=" + x.Org + "/" + secretRepo)
		p.says("No run matches")
		p.open(run(x.private))
		p.sees(who+" to see no run", `document.querySelector("main h1")?.innerText && !document.querySelector(".run-page")`)
		if status := value[int](p, fmt.Sprintf(`fetch("/api/v1/runs/%s/log/raw").then((r) => r.status)`, x.private)); status != 404 {
			p.t.Errorf("%s gets %d for the log of a private repository", who, status)
		}
	}
	hidden("somebody")
	p.open("/")
	p.logIn(harness.Outsider)
	hidden("the outsider")
	member := p.another()
	member.open("/?repo=" + x.Org + "/" + secretRepo)
	member.logIn(harness.Member)
	member.sees("the run", `document.querySelectorAll("[data-row]").length === 1`)
	member.click("[data-row]")
	member.sees("its log", line(1)+`.includes("the vault is sealed")`)
}

func (x *team) rerun(p *page) {
	pj := x.newest("unit")
	p.open(run(pj.Name))
	p.says("Log in to rerun")
	p.logIn(harness.Member)
	p.sees("the run that he came from", fmt.Sprintf(`location.pathname === %q`, run(pj.Name)))
	x.again(p, pj, func() {})
	p.open(run(pj.Name))
	x.again(p, pj, func() { p.click("#rerun-latest") })
}

// again runs a job again, with a choice in the dialog.
func (x *team) again(p *page, pj *v1alpha1.PipelineJob, choose func()) {
	p.sees("a button", `[...document.querySelectorAll("main button")].some((b) => b.innerText === "Rerun" && !b.disabled)`)
	value[bool](p, `[...document.querySelectorAll("main button")].find((b) => b.innerText === "Rerun").click(), true`)
	p.sees("the question", `document.querySelector("[role=dialog] .pf-m-primary")`)
	choose()
	p.click("[role=dialog] .pf-m-primary")
	p.sees("another run", fmt.Sprintf(`location.pathname.startsWith("/runs/") && location.pathname !== %q`, run(pj.Name)))
	p.says("Repeats " + pj.Name)
	name := strings.TrimPrefix(value[string](p, "location.pathname"), "/runs/")
	x.until("the run that was asked for", func() (bool, string) {
		all, err := x.Jobs(x.ctx(), "unit")
		for _, j := range all {
			if j.Name == name {
				return j.Spec.Refs.Pulls[0].SHA == pj.Spec.Refs.Pulls[0].SHA, fmt.Sprint(j.Spec.Refs)
			}
		}
		return false, fmt.Sprint(len(all), err)
	})
}

func (x *team) refused(p *page) {
	pj := x.newest("unit")
	p.open(run(pj.Name))
	p.says("Log in to rerun")
	p.logIn(harness.Outsider)
	const button = `main button[aria-disabled=true][aria-label^="Rerun:"]`
	p.sees("a button that is disabled", fmt.Sprintf(`document.querySelector(%q)`, button))
	why := value[string](p, fmt.Sprintf(`document.querySelector(%q).getAttribute("aria-label")`, button))
	p.t.Log(why)
	p.tabTo("the button", fmt.Sprintf(`document.activeElement.matches(%q)`, button))
	p.sees("the reason", fmt.Sprintf(`document.querySelector("[role=tooltip]")?.innerText === %q`, strings.TrimPrefix(why, "Rerun: ")))
	before, err := x.Jobs(x.ctx(), "unit")
	if err != nil {
		p.t.Fatal(err)
	}
	if status := value[int](p, fmt.Sprintf(`fetch("/api/v1/runs/%s/rerun", {method: "POST"}).then((r) => r.status)`, pj.Name)); status != 403 {
		p.t.Errorf("the API answers %d, want 403", status)
	}
	after, err := x.Jobs(x.ctx(), "unit")
	if err != nil || len(after) != len(before) {
		p.t.Errorf("%d runs became %d, %v", len(before), len(after), err)
	}
}

func (x *team) live(p *page) {
	x.pull("carol", "retry", "soak/run.sh", counting, "Retry uploads that time out")
	x.pull("bob", "bound", "soak/run.sh", counting, "Bound the size of requests")
	pj := x.wait("soak", v1alpha1.StatePending, 1)
	p.open(pj.Status.URL)
	value[string](p, `window.marker = "not reloaded"`)
	p.sees("a line of the running step", `/line number \d+ of the log/.test(document.querySelector(".log-rows")?.innerText)`)
	if state := value[string](p, `document.querySelector("main [data-state]").dataset.state`); state != "pending" {
		p.t.Fatalf("the run is %s before the page showed a line", state)
	}
	p.shoot("run-live")
	list := p.another()
	list.open("/")
	list.sees("a run that waits and one that runs", `["triggered", "pending"].every((s) => document.querySelector("tbody [data-state=" + s + "]"))`)
	list.shoot("runs")
	p.sees("the end on the same page", `document.querySelector("main [data-state]").dataset.state === "success" &&
		document.querySelector(".log-rows").innerText.includes("line number 3000 of the log")`)
	p.sees("the step's end", `document.querySelector(".log-box .stuck, .log-box .step-head").innerText.includes("success")`)
	if marker := value[string](p, `String(window.marker)`); marker != "not reloaded" {
		p.t.Errorf("the page was reloaded: %s", marker)
	}
}
