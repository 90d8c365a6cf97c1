package login

import (
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Reason is why a login failed: the value of error at /login?error=, where people are sent then.
type Reason string

// Reasons. Their texts are in [Reasons].
const (
	ReasonUnknown     Reason = "unknown"
	ReasonSettings    Reason = "settings"
	ReasonUnavailable Reason = "unavailable"
	ReasonExpired     Reason = "expired"
	ReasonState       Reason = "state"
	ReasonDenied      Reason = "denied"
	ReasonRedirect    Reason = "redirect"
	ReasonScope       Reason = "scope"
	ReasonClient      Reason = "client"
	ReasonCode        Reason = "code"
	ReasonRefused     Reason = "refused"
	ReasonClock       Reason = "clock"
	ReasonToken       Reason = "token"
	ReasonAccount     Reason = "account"
)

// Reasons are the texts for people, with what helps.
var Reasons = map[Reason]string{
	ReasonUnknown:     "Nobody can log in at this connection. Choose another one, or ask an administrator to configure its login.",
	ReasonSettings:    "The dashboard cannot read its login settings. Its own log tells an administrator why.",
	ReasonUnavailable: "The forge does not answer. Try again in a moment.",
	ReasonExpired:     "The login took longer than ten minutes, was used already, or the browser refuses cookies. Log in once more.",
	ReasonState:       "The answer does not belong to a login that this browser began. Log in once more.",
	ReasonDenied:      "The login was declined at the forge.",
	ReasonRedirect:    "The forge refuses to send people back here. An administrator has to add this dashboard's address with /login/CONNECTION/callback to the redirect URIs of its OAuth2 application.",
	ReasonScope:       "The forge's OAuth2 application does not have the scopes that the login asks for. An administrator has to add them.",
	ReasonClient:      "The forge does not know the dashboard by its client id and secret. An administrator has to correct them.",
	ReasonCode:        "The forge did not accept its own answer: it was used already, is too old, or was made for another address of this dashboard. Log in once more.",
	ReasonRefused:     "The forge refused the login. The dashboard's own log tells an administrator why.",
	ReasonClock:       "The forge's answer had expired when it arrived: the clocks of forge and dashboard differ. An administrator has to set them.",
	ReasonToken:       "The forge's answer is not authentic. Log in once more; if that does not help, tell an administrator.",
	ReasonAccount:     "The forge did not tell a usable login name. An administrator has to check the username claim and the scopes.",
}

// needsAdministrator are the reasons that people cannot help themselves with.
var needsAdministrator = map[Reason]bool{
	ReasonSettings: true, ReasonUnavailable: true, ReasonRedirect: true, ReasonScope: true, ReasonClient: true, ReasonRefused: true,
	ReasonClock: true, ReasonToken: true, ReasonAccount: true,
}

// trouble is an error with its reason.
type trouble struct {
	reason Reason
	cause  error
}

// Error implements error.
func (t *trouble) Error() string { return t.cause.Error() }

// Unwrap is the cause.
func (t *trouble) Unwrap() error { return t.cause }

// said is a trouble whose text may hold a whole page of somebody else's.
func said(reason Reason, err error) error {
	return &trouble{reason, errors.New(quote(err.Error()))}
}

// fail sends people to the page that explains a failure, from where they may try again.
func (l *Login) fail(w http.ResponseWriter, r *http.Request, back string, err error) {
	name := r.PathValue("connection")
	if _, known := l.find(name); !known {
		name = ""
	}
	reason := ReasonUnavailable
	var t *trouble
	if errors.As(err, &t) {
		reason = t.reason
	}
	results.WithLabelValues(name, string(reason)).Inc()
	logger := log.FromContext(r.Context()).WithValues("connection", name, "reason", reason)
	if needsAdministrator[reason] {
		logger.Error(err, "login failed")
	} else {
		logger.Info("login failed", "cause", err.Error())
	}
	query := url.Values{"error": {string(reason)}}
	if name != "" {
		query.Set("connection", name)
	}
	if back != "/" {
		query.Set("return", back)
	}
	redirect(w, r, "/login?"+query.Encode())
}

// redirect keeps what the address held, a code among it, out of caches and of what the browser tells others.
func redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// codes of RFC 6749 and OpenID Connect, and GitHub's own.
var codes = map[string]Reason{
	"access_denied":                ReasonDenied,
	"login_required":               ReasonDenied,
	"consent_required":             ReasonDenied,
	"redirect_uri_mismatch":        ReasonRedirect,
	"invalid_scope":                ReasonScope,
	"invalid_client":               ReasonClient,
	"unauthorized_client":          ReasonClient,
	"incorrect_client_credentials": ReasonClient,
	"invalid_grant":                ReasonCode,
	"bad_verification_code":        ReasonCode,
	"server_error":                 ReasonUnavailable,
	"temporarily_unavailable":      ReasonUnavailable,
}

// refusal is what a forge answered at the end of its dialogue, or instead of a token.
func refusal(code, description string) error {
	reason, ok := codes[code]
	if !ok {
		reason = ReasonRefused
	}
	return &trouble{reason, errors.New("forge answers " + quote(code) + ": " + quote(description))}
}

// exchangeTrouble finds the reason of a failed exchange.
func exchangeTrouble(err error) error {
	var answer *oauth2.RetrieveError
	switch {
	case !errors.As(err, &answer):
		return &trouble{ReasonUnavailable, err}
	case answer.ErrorCode != "":
		return refusal(answer.ErrorCode, answer.ErrorDescription)
	case answer.Response != nil && answer.Response.StatusCode == http.StatusUnauthorized:
		return said(ReasonClient, err)
	case answer.Response != nil && answer.Response.StatusCode >= http.StatusInternalServerError:
		return said(ReasonUnavailable, err)
	}
	return said(ReasonRefused, err)
}
