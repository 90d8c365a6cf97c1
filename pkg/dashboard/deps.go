package dashboard

import (
	"io/fs"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/dashboard/api"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/login"
)

// Login lets people log in. [login.Login] is one.
type Login interface {
	// Routes adds the addresses below /login/ and /logout.
	Routes(mux *http.ServeMux)
	// Who sends a request; nil is nobody in particular.
	Who(r *http.Request) *login.User
	// Choices are the places to log in at.
	Choices() []login.Choice
}

var _ Login = (*login.Login)(nil)

// Deps are what the dashboard works with. All but Login and BrowseURL are required.
type Deps struct {
	// Read is where everything that is shown comes from; its Who is filled in from Login.
	Read gate.Deps
	// Login is nil where nobody can log in.
	Login Login
	// BrowseURL, when set, is the address that a run's path is appended to for a link into the bucket.
	BrowseURL string
	// Version of Pharos, shown on each page.
	Version string
	// Rebuilding says how far old runs were read from the store, and whether that goes on.
	Rebuilding func() (done, total int, running bool)

	// For tests: other paces and another application than the built one.
	pace api.Pace
	dist func() (fs.FS, bool)
}
