package bitbucketcloud

import (
	"errors"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// refusal is an answer in the form of every error of the API.
type refusal struct {
	status          int
	message, detail string
	// field is what of the request is wrong, empty for the whole of it.
	field string
}

func (r *refusal) Error() string { return r.message }

var (
	errBadToken = &refusal{status: http.StatusUnauthorized, message: "Token is invalid, expired, or not supported for this endpoint."}
	errNoAPI    = &refusal{status: http.StatusNotFound, message: "Resource not found", detail: "There is no API hosted at this URL."}

	errNoRepository = &refusal{status: http.StatusNotFound, message: "You may not have access to this repository or it no longer exists in this workspace. " +
		"If you think this repository exists and you have access, make sure you are authenticated."}
	errClosed = bad("newstatus", "This pull request is already closed.")
)

// bad refuses a field of a request.
func bad(field, message string) *refusal {
	return &refusal{status: http.StatusBadRequest, field: field, message: message}
}

// invalid refuses a request as a whole.
func invalid(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, message: message}
}

func missing(what string) *refusal {
	return &refusal{status: http.StatusNotFound, message: what + " not found"}
}

func denied(wanted scm.Permission) *refusal {
	message := "Access denied. You must have write or admin access."
	if wanted == scm.PermissionAdmin {
		message = "Access denied. You must have admin access."
	}
	return &refusal{status: http.StatusForbidden, message: message}
}

// refuse answers with an error. What of the state's errors reaches it comes from merges and from what does not exist.
func refuse(w http.ResponseWriter, err error) {
	var r *refusal
	switch {
	case errors.As(err, &r):
	case errors.Is(err, simulator.ErrNotFound):
		r = &refusal{status: http.StatusNotFound, message: "Resource not found"}
	case errors.Is(err, simulator.ErrForbidden):
		r = denied(scm.PermissionWrite)
	case errors.Is(err, simulator.ErrConflict):
		r = &refusal{status: http.StatusConflict, message: err.Error()}
	case errors.Is(err, simulator.ErrInvalid), errors.Is(err, simulator.ErrNotMergeable):
		r = invalid(err.Error())
	default:
		r = &refusal{status: http.StatusInternalServerError, message: err.Error()}
	}
	body := map[string]any{"message": r.message}
	if r.field != "" {
		body["message"] = r.field + ": " + r.message
		body["fields"] = map[string]any{r.field: []string{r.message}}
	}
	if r.detail != "" {
		body["detail"] = r.detail
	}
	encode(w, r.status, map[string]any{"type": "error", "error": body})
}
