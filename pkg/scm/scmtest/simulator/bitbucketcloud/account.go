package bitbucketcloud

import "github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"

// AccountID is a person's account id, by which a configuration names the bot: anybody may take its nickname.
func AccountID(u *simulator.User) string { return accountID(u) }
