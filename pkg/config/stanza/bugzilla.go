package stanza

// BugzillaBranches are the options of branches, by name or "*".
type BugzillaBranches map[string]BugzillaBranch

// Bugzilla checks the bugs that pull requests name.
type Bugzilla struct {
	Default BugzillaBranches `json:"default"`
	Orgs    map[string]struct {
		Default BugzillaBranches `json:"default"`
		Repos   map[string]struct {
			Branches BugzillaBranches `json:"branches"`
		} `json:"repos"`
	} `json:"orgs"`
}

// BugState is a status with its resolution.
type BugState struct {
	Status     string `json:"status"`
	Resolution string `json:"resolution"`
}

// BugzillaBranch says which bugs are valid on a branch, and what becomes of them.
type BugzillaBranch struct {
	ExcludeDefaults            *bool       `json:"exclude_defaults"`
	ValidateByDefault          *bool       `json:"validate_by_default"`
	IsOpen                     *bool       `json:"is_open"`
	TargetRelease              *string     `json:"target_release"`
	Statuses                   *[]string   `json:"statuses"`
	ValidStates                *[]BugState `json:"valid_states"`
	DependentBugStatuses       *[]string   `json:"dependent_bug_statuses"`
	DependentBugStates         *[]BugState `json:"dependent_bug_states"`
	DependentBugTargetReleases *[]string   `json:"dependent_bug_target_releases"`
	// DependentBugTargetRelease is of older versions.
	DependentBugTargetRelease *string   `json:"dependent_bug_target_release"`
	StatusAfterValidation     *string   `json:"status_after_validation"`
	StateAfterValidation      *BugState `json:"state_after_validation"`
	AddExternalLink           *bool     `json:"add_external_link"`
	StatusAfterMerge          *string   `json:"status_after_merge"`
	StateAfterMerge           *BugState `json:"state_after_merge"`
	StateAfterClose           *BugState `json:"state_after_close"`
	AllowedGroups             []string  `json:"allowed_groups"`
	EnableBackporting         *bool     `json:"enable_backporting"`
}
