package api

import "time"

// LogLine is one line of a step. Its text holds no control characters but tabs, and of escape sequences only colours and
// weights (SGR); a line of more than 8 KiB is cut.
type LogLine struct {
	Task   string     `json:"task"`
	Step   string     `json:"step"`
	Number int        `json:"number" doc:"From 1 within the step."`
	Time   *time.Time `json:"time,omitempty"`
	Text   string     `json:"text"`
}

// Trouble is a fault that a reader should know about; the stream goes on.
type Trouble struct {
	Message string `json:"message"`
}

// End says that the log is complete.
type End struct{}

// Lines is a range of a step's log.
type Lines struct {
	Lines      []StepLine `json:"lines"`
	Total      int        `json:"total" doc:"Number of lines known so far."`
	Complete   bool       `json:"complete" doc:"The log is finished; total will not grow."`
	Incomplete string     `json:"incomplete,omitempty" doc:"Why lines may be missing."`
}

// StepLine is one line of a known step; see LogLine for its text.
type StepLine struct {
	Number int        `json:"number"`
	Time   *time.Time `json:"time,omitempty"`
	Text   string     `json:"text"`
}

// LineAt is the place of a time in a log.
type LineAt struct {
	Line int `json:"line" doc:"First line printed at that time or later; 0 where the log has no such line."`
}

// Matches is one page of a search.
type Matches struct {
	Matches  []StepLine `json:"matches"`
	Next     int        `json:"next,omitempty" doc:"Value of from that goes on with the search; absent when the present end was reached."`
	Scanned  int64      `json:"scanned" doc:"Bytes that were read."`
	Total    int        `json:"total" doc:"Number of lines known so far."`
	Complete bool       `json:"complete" doc:"The log is finished; total will not grow."`
}

// ArtifactPage is one page of a run's artifacts.
type ArtifactPage struct {
	Artifacts []Artifact `json:"artifacts" doc:"Sorted by path."`
	Folders   []string   `json:"folders" doc:"Folders directly below prefix, with a slash at the end."`
	Next      string     `json:"next,omitempty" doc:"Value of after for the following page; absent on the last."`
}

// Artifact is one file of a run.
type Artifact struct {
	Path     string     `json:"path" doc:"Below the run's artifacts folder."`
	Size     int64      `json:"size"`
	Modified *time.Time `json:"modified,omitempty"`
	Type     string     `json:"type" doc:"Media type that it is served with."`
	URL      string     `json:"url" doc:"Path on this server."`
}
