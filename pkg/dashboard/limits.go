package dashboard

import "time"

// Limits of the HTTP server. Readers send little and wait for little, but for streams and downloads, which renew their own
// deadline.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	// idleTimeout exceeds the minute that load balancers commonly keep a connection, so that they close first.
	idleTimeout = 75 * time.Second
	// maxHeader is generous for a browser with other applications' cookies.
	maxHeader = 32 << 10
	// maxBody is more than any request has; operations of the API take less. maxQuery is more than any address has.
	maxBody  = 1 << 20
	maxQuery = 24 << 10
	// drainTimeout is less than the 30 s that Kubernetes gives a pod to end.
	drainTimeout = 15 * time.Second
	// leastCompressed is the size of an answer from which on compressing it pays.
	leastCompressed = 1 << 10
)
