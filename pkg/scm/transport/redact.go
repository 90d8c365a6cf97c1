package transport

import (
	"net/http"
	"strings"
)

const redacted = "[redacted]"

// redact keeps the credentials of a request out of the errors about it.
func redact(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		res, err := next.RoundTrip(req)
		if err == nil {
			return res, nil
		}
		text := err.Error()
		clean := text
		for _, secret := range credentials(req) {
			clean = strings.ReplaceAll(clean, secret, redacted)
		}
		if clean == text {
			return res, err
		}
		return res, &redactedError{text: clean, err: err}
	})
}

// credentials are the secrets a request carries: in the headers that forges authenticate by, and in its URL.
func credentials(req *http.Request) []string {
	var found []string
	add := func(secret string) {
		if len(secret) >= 4 { // shorter ones would blot out ordinary words
			found = append(found, secret)
		}
	}
	for _, name := range [...]string{"Authorization", "Private-Token", "X-Gitlab-Token"} {
		value := req.Header.Get(name)
		add(value[strings.LastIndexByte(value, ' ')+1:])
	}
	if password, ok := req.URL.User.Password(); ok {
		add(password)
	}
	if req.URL.RawQuery == "" {
		return found
	}
	query := req.URL.Query()
	for _, name := range [...]string{"token", "access_token", "private_token", "secret"} {
		add(query.Get(name))
	}
	return found
}

// redactedError shows a cleaned text and unwraps to the original, so that errors.Is still works.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }
