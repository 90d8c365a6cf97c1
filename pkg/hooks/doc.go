// Package hooks keeps webhooks as they should be on every repository or organisation that the configuration serves, and
// asks for what did not arrive while nobody listened.
//
// It compares what forges have with what Pharos wants ([Compare], [Installer.Plan]) before it changes anything
// ([Installer.Apply]). It touches only hooks whose address is Pharos's own, and puts no secret into an address.
package hooks
