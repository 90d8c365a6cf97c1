package api

import "time"

// JobList are configured jobs.
type JobList struct {
	Jobs []ConfiguredJob `json:"jobs" doc:"Sorted by repository, then as configured."`
}

// ConfiguredJob is one job as it is configured.
type ConfiguredJob struct {
	Connection   string   `json:"connection,omitempty"`
	Repo         string   `json:"repo,omitempty" doc:"org/name, or org alone; absent for a periodic job."`
	Name         string   `json:"name"`
	Type         string   `json:"type" enum:"presubmit,postsubmit,periodic"`
	Context      string   `json:"context,omitempty"`
	RerunCommand string   `json:"rerunCommand,omitempty"`
	Trigger      string   `json:"trigger,omitempty" doc:"Regular expression of the comments that start it."`
	When         string   `json:"when" doc:"In words, what starts it."`
	Optional     bool     `json:"optional,omitempty"`
	Branches     []string `json:"branches,omitempty" doc:"Regular expressions; none means all."`
	File         string   `json:"file,omitempty"`
	Line         int      `json:"line,omitempty"`
}

// PluginList are the plugins of a repository.
type PluginList struct {
	Plugins []Plugin `json:"plugins"`
}

// Plugin is one plugin that is enabled.
type Plugin struct {
	Name     string          `json:"name"`
	Help     string          `json:"help"`
	Commands []PluginCommand `json:"commands"`
	Repos    []string        `json:"repos" doc:"Where it is enabled: org, or org/name."`
}

// PluginCommand is something that people may write in a comment.
type PluginCommand struct {
	Usage       string   `json:"usage" doc:"The command with its arguments: /test <job>…"`
	Description string   `json:"description"`
	Who         string   `json:"who,omitempty" doc:"Who may use it."`
	Examples    []string `json:"examples"`
}

// DeliveryPage is one page of deliveries.
type DeliveryPage struct {
	Deliveries []Delivery `json:"deliveries" doc:"Newest first."`
	Next       string     `json:"next,omitempty" doc:"Value of before for the following page; absent on the last."`
}

// Delivery is one webhook delivery and what it caused.
type Delivery struct {
	Name        string        `json:"name"`
	ID          string        `json:"id" doc:"The forge's delivery id."`
	Connection  string        `json:"connection"`
	Event       string        `json:"event" doc:"Kind and action: pull_request.opened"`
	Repo        string        `json:"repo,omitempty"`
	Pull        int           `json:"pull,omitempty"`
	Sender      string        `json:"sender,omitempty"`
	Received    time.Time     `json:"received"`
	Phase       string        `json:"phase" enum:"Pending,Retrying,Processed,Dead"`
	Attempts    int           `json:"attempts"`
	NextAttempt *time.Time    `json:"nextAttempt,omitempty"`
	Finished    *time.Time    `json:"finished,omitempty"`
	Message     string        `json:"message,omitempty" doc:"The last failure, or why nothing was to be done."`
	Outcomes    []Outcome     `json:"outcomes"`
	Jobs        []JobDecision `json:"jobs"`
	Replay      *Permission   `json:"replay,omitempty" doc:"Whether the caller may replay it; present on the delivery's own page."`
}

// Outcome is what one plugin did.
type Outcome struct {
	Plugin string   `json:"plugin"`
	Did    []string `json:"did"`
	Error  string   `json:"error,omitempty"`
}

// JobDecision says why a job runs or not.
type JobDecision struct {
	Name    string `json:"name"`
	Context string `json:"context,omitempty"`
	Run     bool   `json:"run"`
	Reason  string `json:"reason"`
	RunName string `json:"runName,omitempty" doc:"Name of the run, when it runs."`
}

// Configuration is what this process works with.
type Configuration struct {
	Revision string    `json:"revision" doc:"Changes with the content of the files."`
	Warnings []Finding `json:"warnings"`
	Refused  []Finding `json:"refused" doc:"Mistakes for which changed files are not used; what was loaded before stays in use."`
	Files    []File    `json:"files" doc:"As loaded; secrets are never part of them."`
}

// Finding is one thing that is wrong, or worth knowing, about the configuration.
type Finding struct {
	Place   string `json:"place,omitempty" doc:"file:line:column, or the file alone."`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// File is one file of the configuration.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}
