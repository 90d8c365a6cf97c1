package scm

import "time"

// HookTarget is what a webhook is installed on: a repository, or a whole organisation when Repo.Name is empty.
type HookTarget struct {
	Connection string
	Org        string
	// Name is empty for the organisation.
	Name string
}

// Repo is the repository; ok is false for an organisation.
func (t HookTarget) Repo() (repo Repo, ok bool) {
	return Repo(t), t.Name != ""
}

// String is "connection:org" or "connection:org/name".
func (t HookTarget) String() string {
	if repo, ok := t.Repo(); ok {
		return repo.String()
	}
	return t.Connection + ":" + t.Org
}

// Hook is an installed webhook. No forge tells its secret.
type Hook struct {
	ID     string
	URL    string
	Active bool
	// Complete says that the hook is subscribed to exactly the events that the driver parses, sends JSON and verifies TLS.
	Complete bool
	// SecretSet says that deliveries are signed; true where the forge does not tell.
	SecretSet bool
}

// NewHook is a webhook to install. The secret travels in the request's body, never in a URL.
type NewHook struct {
	URL    string
	Secret string
}

// FailedDelivery is a delivery that the forge could not hand over.
type FailedDelivery struct {
	ID string
	At time.Time
}
