// Package github is GitHub's dialect of the forge simulator, as GitHub Enterprise Server speaks it: the REST interface below
// /api/v3, and the webhooks.
package github
