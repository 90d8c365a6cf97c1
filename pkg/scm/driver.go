package scm

import "net/http"

// Driver is one kind of forge. Implementations hold no state and are safe for concurrent use.
type Driver interface {
	// Parse authenticates a delivery against the secrets and decodes it, without any I/O. It answers
	// [ErrSignature] for a wrong, missing or unconfigured signature before it looks at the body, and
	// [ErrMalformed] for an authentic body that is not what the forge documents. Unknown events are [Ignored]. The event
	// shares no memory with body, which the caller may use again.
	Parse(header http.Header, body []byte, conn Verification) (Event, error)
	// Open makes a client. It does no I/O: a wrong token shows at the first call.
	Open(account Account) (*Client, error)
}

// Verification is what a driver needs to authenticate a delivery and name its repository.
type Verification struct {
	// Connection is the name events are labelled with.
	Connection string
	// Secrets are all active webhook secrets; any one may have signed. Empty means that every delivery is refused.
	Secrets [][]byte
}

// Account says where a connection's forge is and who Pharos is there.
type Account struct {
	Connection string
	// URL is the forge's base URL as people open it, without a trailing slash. Drivers find the API below it, or at the
	// vendor's own address for it.
	URL string
	Credentials
	// Bot is the bot's login, used to recognise its own comments.
	Bot string
	// HTTP carries every call: timeouts, retries, rate limits, cache and metrics live in its transport.
	HTTP *http.Client
}

// Credentials are what proves who Pharos is. Each kind of forge reads some of them and refuses, at Open, a combination that
// it cannot use. They are read per client, so a rotated one needs a new client.
type Credentials struct {
	// Token is a personal, project, repository or API token.
	Token string
	// User goes with Token where the forge wants both (Bitbucket Cloud's API tokens: the account's e-mail address).
	User string
	// AppID and AppKey (PEM) are a GitHub App's: installation tokens are made and renewed from them.
	AppID  int64
	AppKey []byte
	// ClientID and ClientSecret are an OAuth consumer's, for the client credentials grant.
	ClientID, ClientSecret string
}
