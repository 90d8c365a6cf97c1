package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/pharos-ci/pharos/test/harness"
)

// view is a page with what has to be on it before it is looked at.
type view struct {
	path, ready string
	// shots are the names of its screenshots in light and dark; empty is none.
	light, dark string
}

func (x *team) views() []view {
	pipeline, tests, broken := x.newest("integration").Name, x.ofPull("unit", x.store).Name, x.newest("preview").Name
	repo := url.Values{"connection": {"main"}, "repo": {x.Org + "/" + x.Repo}}
	pull := repo.Encode() + fmt.Sprintf("&number=%d", x.store.Number)
	return []view{
		{"/", `document.querySelectorAll("[data-row]").length > 20`, "", "runs-dark"},
		{"/?job=nothing", `document.querySelector("main").innerText.includes("No run matches")`, "", ""},
		{run(tests, "#test/test:L69-L70"), selected + ` === "69,70"`, "run-log", "run-log-dark"},
		{run(pipeline, "/graph"), `document.querySelectorAll(".task-node").length === 7`, "run-graph", "run-graph-dark"},
		{run(pipeline, "/graph?as=list"), `document.querySelector("main").innerText.includes("notify")`, "", ""},
		{run(tests, "/tests"), `document.querySelectorAll(".suite").length === 2`, "run-tests", ""},
		{run(tests, "/artifacts?file=summary.md"), `document.querySelector(".preview table")`, "run-artifacts", ""},
		{run(tests, "/artifacts?dir=coverage/&file=coverage/index.html"), `document.querySelector(".preview iframe")`, "", ""},
		{run(tests, "/artifacts?file=latency.png"), `document.querySelector(".preview img")?.naturalWidth === 480`, "", ""},
		{run(tests, "/details"), `document.querySelector(".run-facts") && document.querySelector("main").innerText.includes("kind: PipelineJob")`, "run-details", ""},
		{run(broken), `document.querySelector("main").innerText.includes("No step ran")`, "", ""},
		{"/pull?" + pull, `document.querySelector(".grid td a")`, "pull-request", "pull-request-dark"},
		{"/job?" + repo.Encode() + "&job=unit", `document.querySelectorAll(".charts svg path").length > 10`, "job-history", "job-history-dark"},
		{"/deliveries", `document.querySelectorAll("[data-row]").length > 3`, "deliveries", ""},
		{"/help", `document.querySelector("main").innerText.includes("/retest")`, "help", ""},
		{"/config", `document.querySelector("main").innerText.includes("run_if_changed")`, "configuration", ""},
		{"/login?error=denied", `document.querySelector("main h1")`, "", ""},
		{"/nothing", `document.querySelector("main h1")`, "", ""},
	}
}

func (x *team) pages(p *page) {
	axe, err := os.ReadFile(filepath.Join(harness.Root(), "pkg/dashboard/web/node_modules/axe-core/axe.min.js"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.colours("light")
	p.open("/")
	p.logIn(harness.Member)
	dark := p.another()
	dark.colours("dark")
	for _, v := range append(x.views(), x.delivery(p)) {
		p.look(v.path, v.ready, v.light, string(axe))
		dark.look(v.path, v.ready, v.dark, string(axe))
	}
}

// delivery is the page of the delivery that opened a pull request.
func (x *team) delivery(p *page) view {
	p.open("/deliveries?repo=" + x.Org + "/" + x.Repo)
	p.sees("deliveries", `document.querySelector("[data-row]")`)
	const opened = `[...document.querySelectorAll("[data-row]")].findLast((a) => a.innerText === "Pull request opened").getAttribute("href")`
	return view{value[string](p, opened), `document.querySelector("main h1")`, "delivery", ""}
}

// look opens a page, keeps a picture of it where it has a name, and lets axe look for what is not accessible.
func (p *page) look(path, ready, name, axe string) {
	p.t.Helper()
	p.open(path)
	p.sees(path+" to be complete", `document.readyState === "complete" && `+ready)
	if name != "" {
		p.still()
		p.shoot(name)
	}
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[int](axe+";0")); err != nil {
		p.t.Fatal(err)
	}
	found := value[string](p, `axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n" +
		v.nodes.map((n) => "  " + n.html.slice(0, 300) + " " + (n.any[0]?.message ?? "")).join("\n")).join("\n"))`)
	if strings.TrimSpace(found) != "" {
		p.t.Errorf("%s is not accessible:\n%s", path, found)
	}
}

// still waits until two pictures of the page are the same: what moves has come to rest.
func (p *page) still() {
	p.t.Helper()
	last := ""
	p.until("the page to rest", func() (bool, string) {
		shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		was := last
		last = string(shot)
		return err == nil && was == last, fmt.Sprint(err)
	})
}
