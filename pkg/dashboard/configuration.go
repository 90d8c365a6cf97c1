package dashboard

import "net/http"

// Configuration is what this process works with.
type Configuration struct {
	// Revision changes with the content of the files.
	Revision string    `json:"revision"`
	Warnings []Finding `json:"warnings"`
	// Refused are the mistakes for which changed files are not used; what was loaded before stays in use.
	Refused []Finding `json:"refused"`
}

// Finding is one thing that is wrong, or worth knowing, about the configuration.
type Finding struct {
	// Place is "file:line:column", or the file alone; empty where it is no one file's.
	Place   string `json:"place,omitempty"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

func (s *site) configPage(w http.ResponseWriter, _ *http.Request) error {
	return writePage(w, http.StatusOK, s.pages["config"], struct {
		frame
		Config Configuration
	}{s.frame("Configuration"), s.Config()})
}

func (s *site) configJSON(w http.ResponseWriter, _ *http.Request) error {
	c := s.Config()
	for _, list := range []*[]Finding{&c.Warnings, &c.Refused} {
		if *list == nil {
			*list = []Finding{}
		}
	}
	return writeJSON(w, http.StatusOK, c)
}
