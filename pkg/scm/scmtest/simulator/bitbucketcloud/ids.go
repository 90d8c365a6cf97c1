package bitbucketcloud

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Kinds of objects, by the first digits of their UUIDs.
const (
	userKind       = "00000001"
	workspaceKind  = "00000002"
	repositoryKind = "00000003"
	hookKind       = "00000004"
	projectKind    = "00000005"
)

// uuid is an object's, in braces, made of its number.
func uuid(kind string, id int) string { return fmt.Sprintf("{%s-0000-4000-8000-%012x}", kind, id) }

// idOf is the number that a UUID was made of.
func idOf(kind, text string) (int, bool) {
	var id int
	if _, err := fmt.Sscanf(text, "{"+kind+"-0000-4000-8000-%012x}", &id); err != nil {
		return 0, false
	}
	return id, text == uuid(kind, id)
}

// accountID is a person's, the same in all of the vendor's products.
func accountID(u *simulator.User) string {
	return fmt.Sprintf("557058:%s-0000-4000-8000-%012x", userKind, u.ID)
}

// accountRef names a person in what is written; a nickname does not.
type accountRef struct {
	UUID      string `json:"uuid"`
	AccountID string `json:"account_id"`
}

// account finds a person.
func (c *call) account(ref accountRef) (*simulator.User, error) {
	if id, ok := idOf(userKind, ref.UUID); ok {
		return c.UserByID(id)
	}
	var kind string
	var id int
	if _, err := fmt.Sscanf(ref.AccountID, "557058:%8s-0000-4000-8000-%012x", &kind, &id); err == nil {
		if u, err := c.UserByID(id); err == nil && accountID(u) == ref.AccountID {
			return u, nil
		}
	}
	return nil, simulator.ErrNotFound
}

// person finds somebody by the UUID or the account id in a path.
func (c *call) person(text string) (*simulator.User, error) {
	return c.account(accountRef{UUID: text, AccountID: text})
}
