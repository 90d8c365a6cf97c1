package config

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/job"
)

// maxLabelValue is how much of a job's name fits into a label, in bytes.
const maxLabelValue = 63

func (k *checker) longNames() {
	k.eachJob(func(b *job.Base, _ string) {
		if len(b.Name) > maxLabelValue {
			k.inJob(b, "name", fmt.Sprintf("the name of job %s has %d characters; labels show the first %d", b.Name, len(b.Name), maxLabelValue), "shorten it")
		}
	})
}

func (k *checker) nonDecorated() {
	k.eachJob(func(b *job.Base, _ string) {
		if b.Agent == job.AgentKubernetes && !b.Decorated() {
			k.inJob(b, "", "job "+b.Name+" is not decorated: its code is not checked out", "set decorate: true")
		}
	})
}

func (k *checker) duplicateRefs() {
	k.eachJob(func(b *job.Base, repo string) {
		seen := map[string]bool{repo: repo != ""}
		for i, ref := range b.ExtraRefs {
			name := ref.Org + "/" + ref.Repo
			if seen[name] {
				k.inJob(b, fmt.Sprintf("extra_refs[%d]", i), fmt.Sprintf("job %s checks out %s twice", b.Name, name), "remove one of the two")
			}
			seen[name] = true
		}
	})
}

// periodicClone warns of settings for the checkout of a repository under test, which a periodic job does not have.
func (k *checker) periodicClone() {
	for _, p := range k.Jobs.Periodics() {
		for field, given := range map[string]bool{
			"clone_uri": p.CloneURI != "", "path_alias": p.PathAlias != "", "clone_depth": p.CloneDepth != 0,
			"skip_submodules": p.SkipSubmodules, "skip_fetch_head": p.SkipFetchHead,
		} {
			if given {
				k.inJob(&p.Base, field, field+" means nothing in a periodic job", "move it to the extra ref that it is meant for")
			}
		}
	}
}

func (k *checker) requiredAnnotations() {
	k.eachJob(func(b *job.Base, _ string) {
		for _, name := range k.options.RequiredJobAnnotations {
			if _, ok := b.Annotations[name]; !ok {
				k.inJob(b, "annotations", fmt.Sprintf("job %s lacks annotation %s", b.Name, name), "add it")
			}
		}
	})
}

// pathStrategies are how a run's folder is named.
var pathStrategies = map[string]bool{"": true, "legacy": true, "single": true, "explicit": true}

func (k *checker) decorationConfig() {
	k.eachJob(func(b *job.Base, _ string) {
		d := b.DecorationConfig
		if d == nil {
			return
		}
		if d.OauthTokenSecret != nil && len(d.SSHKeySecrets) > 0 {
			k.inJob(b, "decoration_config", "job "+b.Name+" has both ssh_key_secrets and oauth_token_secret", "keep one of them")
		}
		if d.GracePeriod != nil && d.Timeout != nil && d.GracePeriod.Duration > d.Timeout.Duration {
			k.inJob(b, "decoration_config", fmt.Sprintf("job %s has a grace period, %v, longer than its timeout, %v", b.Name, d.GracePeriod, d.Timeout), "shorten it")
		}
		if g := d.GCSConfiguration; g != nil && !pathStrategies[g.PathStrategy] {
			k.inJob(b, "decoration_config", fmt.Sprintf("job %s has path_strategy %q", b.Name, g.PathStrategy), "use legacy, single or explicit")
		}
	})
}
