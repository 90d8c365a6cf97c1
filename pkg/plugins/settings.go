package plugins

// TriggerSettings is an entry of `triggers` in plugins.yaml, without its list of repositories.
type TriggerSettings struct {
	// TrustedApps are bot accounts whose pull requests are tested without a word, by login without "[bot]".
	TrustedApps []string `yaml:"trusted_apps,omitempty" json:"trusted_apps,omitempty"`
	// TrustedOrg is a second organisation whose members are trusted.
	TrustedOrg string `yaml:"trusted_org,omitempty" json:"trusted_org,omitempty"`
	// JoinOrgURL tells outsiders how to become members.
	JoinOrgURL string `yaml:"join_org_url,omitempty" json:"join_org_url,omitempty"`
	// OnlyOrgMembers leaves collaborators out of the trusted.
	OnlyOrgMembers bool `yaml:"only_org_members,omitempty" json:"only_org_members,omitempty"`
	// IgnoreOKToTest makes the ok-to-test label worthless.
	IgnoreOKToTest bool `yaml:"ignore_ok_to_test,omitempty" json:"ignore_ok_to_test,omitempty"`
}
