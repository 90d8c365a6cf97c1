package dashboard_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard"
)

// questions are one request or more for each route of the dashboard: what is about the secret run, delivery or repository asks
// for it by its true name.
var questions = map[string][]string{
	"GET /api/v1/session":                      {"/api/v1/session"},
	"GET /api/v1/runs":                         {"/api/v1/runs", "/api/v1/runs?job=covert", "/api/v1/runs?repo=org/secret&pull=7", "/api/v1/runs?sha=2222222222222222"},
	"GET /api/v1/runs/histogram":               {"/api/v1/runs/histogram", "/api/v1/runs/histogram?job=covert"},
	"GET /api/v1/runs/values":                  {"/api/v1/runs/values?field=job", "/api/v1/runs/values?field=repo", "/api/v1/runs/values?field=author&prefix=ma"},
	"GET /api/v1/runs/events":                  {"HEAD /api/v1/runs/events"},
	"GET /api/v1/runs/{name}":                  {"/api/v1/runs/run-9"},
	"GET /api/v1/runs/{name}/steps":            {"/api/v1/runs/run-9/steps"},
	"GET /api/v1/runs/{name}/graph":            {"/api/v1/runs/run-9/graph"},
	"GET /api/v1/runs/{name}/events":           {"/api/v1/runs/run-9/events"},
	"GET /api/v1/runs/{name}/yaml":             {"/api/v1/runs/run-9/yaml", "/api/v1/runs/run-9/yaml?of=prowjob", "/api/v1/runs/run-9/yaml?of=pipelinerun"},
	"POST /api/v1/runs/{name}/rerun":           {"POST /api/v1/runs/run-9/rerun"},
	"POST /api/v1/runs/{name}/abort":           {"POST /api/v1/runs/run-9/abort"},
	"GET /api/v1/runs/{name}/log":              {"/api/v1/runs/run-9/log", "/api/v1/runs/run-9/log?tail=1"},
	"GET /api/v1/runs/{name}/log/lines":        {"/api/v1/runs/run-9/log/lines?step=build/test"},
	"GET /api/v1/runs/{name}/log/at":           {"/api/v1/runs/run-9/log/at?step=build/test&time=2020-01-01T00:00:00Z"},
	"GET /api/v1/runs/{name}/log/search":       {"/api/v1/runs/run-9/log/search?step=build/test&q=formula"},
	"GET /api/v1/runs/{name}/log/raw":          {"/api/v1/runs/run-9/log/raw", "/api/v1/runs/run-9/log/raw?step=build/test"},
	"GET /api/v1/runs/{name}/artifacts":        {"/api/v1/runs/run-9/artifacts", "/api/v1/runs/run-9/artifacts?deep=true"},
	"GET /api/v1/runs/{name}/artifacts/{path}": {"/api/v1/runs/run-9/artifacts/junit.xml"},
	"GET /api/v1/runs/{name}/tests":            {"/api/v1/runs/run-9/tests"},
	"GET /api/v1/pull":                         {"/api/v1/pull?connection=gitea&repo=org/secret&number=7", "/api/v1/pull?connection=gitea&repo=org/repo&number=7"},
	"GET /api/v1/jobs":                         {"/api/v1/jobs", "/api/v1/jobs?repo=org/secret"},
	"GET /api/v1/jobs/history":                 {"/api/v1/jobs/history?job=covert&since=2020-01-01T00:00:00Z", "/api/v1/jobs/history?connection=gitea&repo=org/secret&job=covert"},
	"GET /api/v1/deliveries":                   {"/api/v1/deliveries", "/api/v1/deliveries?repo=org/secret"},
	"GET /api/v1/deliveries/{name}":            {"/api/v1/deliveries/delivery-9"},
	"POST /api/v1/deliveries/{name}/replay":    {"POST /api/v1/deliveries/delivery-9/replay"},
	"GET /api/v1/plugins":                      {"/api/v1/plugins", "/api/v1/plugins?repo=org/secret"},
	"GET /api/v1/configuration":                {}, // TestTheConfigurationIsForThoseWhoMayReadAllItNames
	"GET /prowjobs.js":                         {"/prowjobs.js", "/prowjobs.js?var=allBuilds&omit=annotations,labels", "/prowjobs.js?repo=secret"},
	"GET /data.js":                             {"/data.js"},
	"GET /badge.svg":                           {"/badge.svg?jobs=covert", "/badge.svg?jobs=*"},
	"GET /log":                                 {"/log?job=covert&id=9", "/log?job=covert&id=9&container=test", "/log?id=run-9"},
	"GET /prowjob":                             {"/prowjob?prowjob=run-9"},
	"GET /rerun":                               {"/rerun?prowjob=run-9"},
	"POST /rerun":                              {"POST /rerun?prowjob=run-9"},
	"POST /abort":                              {"POST /abort?prowjob=run-9"},
	"GET /plugin-help.js":                      {"/plugin-help.js"},
	"GET /plugin-config":                       {},
	"GET /config":                              {},
	"GET /plugins":                             {"/plugins"},
	"GET /command-help":                        {"/command-help?repo=org/secret"},
	"GET /configured-jobs":                     {"/configured-jobs"},
	"GET /configured-jobs/{repo...}":           {"/configured-jobs/org/secret"},
	"GET /pr-history":                          {"/pr-history?org=org&repo=secret&pr=7"},
	"GET /pr-history/":                         {"/pr-history/?org=org&repo=secret&pr=7"},
	"GET /view/prowjob/{job}/{id}":             {"/view/prowjob/covert/9", "/view/prowjob/covert/run-9"},
	"GET /view/s3/{bucket}/{path...}":          {"/view/s3/ci-logs/some/where/pr-logs/pull/org_secret/7/covert/9", "/view/s3/ci-logs/covert/9/"},
	"GET /job-history/s3/{bucket}/{path...}":   {"/job-history/s3/ci-logs/some/where/pr-logs/directory/covert"},
	"GET /logs/{namespace}/{pod}/{container}":  {"/logs/ci/run-9-build-pod/step-test"},
	"GET /{$}":                                 {"/"},
	"GET /runs/{name}":                         {"/runs/run-9"},
	"GET /runs/{name}/{tab}":                   {"/runs/run-9/log"},
	"GET /pull":                                {"/pull?connection=gitea&repo=org/secret&number=7"},
	"GET /job":                                 {"/job?connection=gitea&job=covert"},
	"GET /deliveries":                          {"/deliveries"},
	"GET /deliveries/{name}":                   {"/deliveries/delivery-9"},
	"GET /help":                                {"/help?repo=org/secret"},
	"GET /login":                               {"/login"},
	"GET /assets/":                             {"/assets/app-1234.js"},
	"GET /static/":                             {"/static/icon.svg"},
	"/":                                        {"/nope", "/runs/run-9/log/raw"},
}

// indifferent are the routes that answer everybody the same, because they say nothing of any run.
var indifferent = []string{
	"GET /api/v1/session", "GET /api/v1/runs/events", "GET /plugins", "GET /command-help", "GET /configured-jobs", "GET /configured-jobs/{repo...}",
	"GET /pr-history", "GET /pr-history/", "GET /{$}", "GET /runs/{name}", "GET /runs/{name}/{tab}", "GET /pull", "GET /job", "GET /deliveries",
	"GET /deliveries/{name}", "GET /help", "GET /login", "GET /assets/", "GET /static/", "/", "GET /api/v1/configuration", "GET /plugin-config", "GET /config",
}

// ask sends one question as a user and sums up the whole answer.
func ask(l *lab, user, question string) string {
	method, path, ok := strings.Cut(question, " ")
	if !ok {
		method, path = http.MethodGet, question
	}
	r := httptest.NewRequest(method, path, strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	if user != "" {
		r.Header.Set("X-User", user)
	}
	w := httptest.NewRecorder()
	l.handler().ServeHTTP(w, r)
	var b strings.Builder
	fmt.Fprintln(&b, w.Code)
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		if name != "Content-Security-Policy" { // names the picture of the user
			fmt.Fprintln(&b, name, w.Header()[name])
		}
	}
	return b.String() + w.Body.String()
}

// without is a lab that has public things only, and with one that has the same and secret ones.
func withAndWithout(t *testing.T) (with, without *lab) {
	t.Helper()
	with, without = newLab(t), newLab(t)
	for _, l := range []*lab{with, without} {
		l.add(1, success)
		l.print("run-1", "build", "test", "hello")
		l.deliver("delivery-1", public, v1alpha1.DeliveryProcessed)
		l.setup.Plugins, l.setup.Enabled = commands, enabledEverywhere
		l.setup.Jobs = jobSet(t, "org/repo")
	}
	pj := with.add(9, failure, hide, func(pj *v1alpha1.PipelineJob) {
		pj.Spec.Refs.Pulls[0].Author, pj.Spec.Refs.Pulls[0].Title = "mallory", "the plan"
		pj.Status.PipelineRun = pj.Name
	})
	with.print("run-9", "build", "test", "the formula")
	with.task("run-9", "build")
	with.deliver("delivery-9", secret, v1alpha1.DeliveryDead)
	with.keep(pj, "artifacts/junit.xml", `<testsuite><testcase name="covert"/></testsuite>`)
	with.setup.Jobs = jobSet(t, "org/repo", "org/secret")
	return with, without
}

// every lists the routes: those of the API by its document, the others as they are registered.
func every(t *testing.T, l *lab) []string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal(get(t, l, "/api/v1/openapi.json").Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	all := dashboard.Patterns()
	for path, methods := range document.Paths {
		for method := range methods {
			all = append(all, strings.ToUpper(method)+" /api/v1"+path)
		}
	}
	return all
}

// Whatever a stranger asks, the answer is the same to the byte whether there is something secret or not.
func TestNoRouteTellsOfWhatItsReaderMayNotSee(t *testing.T) {
	with, without := withAndWithout(t)
	for _, route := range every(t, with) {
		asked, ok := questions[route]
		if !ok {
			t.Errorf("%s: no question; add one about the secret run", route)
		}
		tells := false
		for _, question := range asked {
			for _, user := range []string{"", "bob"} {
				if diff := cmp.Diff(ask(without, user, question), ask(with, user, question)); diff != "" {
					t.Errorf("%q tells %q of secrets (-without +with):\n%s", question, user, diff)
				}
			}
			tells = tells || ask(with, "alice", question) != ask(without, "alice", question)
		}
		if !tells && !slices.Contains(indifferent, route) {
			t.Errorf("%s: the questions prove nothing, since not even alice gets an answer: %s", route, ask(with, "alice", asked[0]))
		}
	}
}

func TestALiveListTellsOfVisibleRunsOnly(t *testing.T) {
	l := newLab(t)
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/events?job=unit", "")
	r.next() // the stream is open, so news from now on arrive
	l.add(9, pending, hide)
	l.add(1, pending)
	l.add(2, pending, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "lint" })
	if _, e := r.until("run"); !strings.Contains(e.data, "run-1") {
		t.Errorf("first news %s", e.data)
	}
	if e := r.skip(); e.name != "gone" || e.data != `{"name":"run-2"}` {
		t.Errorf("a run that does not match: %+v", e)
	}
}

func TestAStreamEndsWhenItsReaderMayReadNoMore(t *testing.T) {
	l := newLab(t)
	l.add(1, pending)
	server, _ := fast(t, l)
	r := open(t, server, "/api/v1/runs/run-1/log", "")
	r.until("state")
	l.change(func() { l.revoked = true })
	for {
		e, ok := r.next()
		if !ok {
			break
		}
		if e.name == "end" {
			t.Error("the stream says that the log is complete")
		}
	}
	l.await("no follower", func() bool { return l.followers == 0 })
}
