package api

import "github.com/danielgtaylor/huma/v2"

func (a *API) registerRuns() {
	answer(a, get("/session", "getSession", "Who asks, and what every page shows"), a.session)
	answer(a, get("/runs", "listRuns", "Runs, newest first"), a.listRuns)
	answer(a, get("/runs/histogram", "getHistogram", "Numbers of runs by state over time"), a.histogram)
	answer(a, get("/runs/values", "listValues", "Suggestions for a field of the filter"), a.values)
	streams(a, get("/runs/events", "followRuns", "Changed runs that match the filter, as they change"),
		[]event{{"run", Run{}}, {"gone", Gone{}}, {"resync", Resync{}}}, a.followRuns)
}

func (a *API) registerRun() {
	answer(a, get("/runs/{name}", "getRun", "One run"), a.run)
	answer(a, get("/runs/{name}/steps", "listSteps", "Steps of a run"), a.steps)
	answer(a, get("/runs/{name}/graph", "getGraph", "Tasks of a run and their order"), a.graph)
	answer(a, get("/runs/{name}/events", "listEvents", "Kubernetes events and conditions of a run"), a.events)
	respond(a, get("/runs/{name}/yaml", "getYAML", "Objects of a run as YAML"), map[string]*huma.Schema{"text/yaml": text()}, a.yaml)
	answer(a, post("/runs/{name}/rerun", "rerun", "Runs the same job on the same commits again"), a.rerun)
	answer(a, post("/runs/{name}/abort", "abort", "Cancels a run"), a.abort)
}

func (a *API) registerLog() {
	streams(a, get("/runs/{name}/log", "followLog", "The log as it is written, with the states of the run and its steps"),
		[]event{{"line", LogLine{}}, {"state", Run{}}, {"step", []Step{}}, {"trouble", Trouble{}}, {"end", End{}}}, a.followLog)
	answer(a, get("/runs/{name}/log/lines", "getLines", "A range of lines of a step"), a.lines)
	answer(a, get("/runs/{name}/log/at", "getLineAt", "The line that was printed at a time"), a.lineAt)
	answer(a, get("/runs/{name}/log/search", "searchLog", "Lines of a step that match a regular expression"), a.search)
	respond(a, get("/runs/{name}/log/raw", "getRawLog", "The log byte for byte; understands Range"),
		map[string]*huma.Schema{"text/plain": text()}, a.raw)
}

func (a *API) registerArtifacts() {
	answer(a, get("/runs/{name}/artifacts", "listArtifacts", "Files that a run kept"), a.artifacts)
	respond(a, get("/runs/{name}/artifacts/{path}", "getArtifact", "One file of a run; understands Range"),
		map[string]*huma.Schema{"application/octet-stream": binary()}, a.artifact)
	answer(a, get("/runs/{name}/tests", "getTests", "JUnit results found among the artifacts"), a.tests)
}

func (a *API) registerRest() {
	answer(a, get("/pull", "getPull", "All that is known of a pull request"), a.pull)
	answer(a, get("/jobs", "listJobs", "Configured jobs"), a.jobs)
	answer(a, get("/jobs/history", "getJobHistory", "How one job fared"), a.jobHistory)
	answer(a, get("/deliveries", "listDeliveries", "Webhook deliveries, newest first"), a.deliveries)
	answer(a, get("/deliveries/{name}", "getDelivery", "One delivery and what it caused"), a.delivery)
	answer(a, post("/deliveries/{name}/replay", "replay", "Gives a dead letter all its attempts again"), a.replay)
	answer(a, get("/plugins", "listPlugins", "Plugins and commands"), a.plugins)
	answer(a, get("/configuration", "getConfiguration", "What is loaded, and what is wrong with it"), a.configuration)
}

// Document is the OpenAPI description of the API.
func (a *API) Document() *huma.OpenAPI { return a.huma.OpenAPI() }
