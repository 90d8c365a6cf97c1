// Package transport is the chain of http.RoundTrippers that every forge driver's calls go through: it bounds each try,
// retries what is safe to repeat, caps answers, counts calls and keeps credentials out of errors.
//
// It takes requests as drivers make them and knows no forge. It adds no credentials, follows no redirects and
// decides nothing from a body; telling a missing pull request from a refused one is the driver's work.
package transport
