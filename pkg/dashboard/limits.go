package dashboard

import "time"

// Limits of pages and requests.
const (
	// pageSize is the number of runs of one page of the list.
	pageSize = 100
	// longestFilter cuts what is worth comparing with a name; Kubernetes names have at most 253 bytes.
	longestFilter = 256
)

// Limits of the HTTP server. Readers send little and wait for little, but for streams, which renew their own deadline.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	// writeTimeout also bounds one piece of a stream or of a download, so a reader that takes nothing for that long is let go.
	writeTimeout = 30 * time.Second
	// idleTimeout exceeds the minute that load balancers commonly keep a connection, so that they close first.
	idleTimeout = 75 * time.Second
	// maxHeader is generous for a browser with other applications' cookies.
	maxHeader = 32 << 10
	// drainTimeout is less than the 30 s that Kubernetes gives a pod to end.
	drainTimeout = 15 * time.Second
)

// Limits of one log stream, and of all.
const (
	// maxStreams is per replica. A stream costs three goroutines and at most queuedLines lines.
	maxStreams  = 256
	queuedLines = 64
	// longestLine is what a page shows of a line, in bytes; the raw log has all of it.
	longestLine = 8 << 10
	// flushBytes ends a batch of lines.
	flushBytes = 32 << 10
	// longestPosition and mostPositions bound what a client may send as its position.
	longestPosition = 16 << 10
	mostPositions   = 1000
	// pollTime is how often a stream looks at its run, and stepsTime how often at its steps without another cause,
	// because that may read the bucket.
	pollTime  = time.Second
	stepsTime = 5 * time.Second
	// lookTimeout keeps a bucket that hangs from hiding the run's state.
	lookTimeout = 10 * time.Second
	// heartbeat is shorter than the 30 s after which some proxies cut a silent connection.
	heartbeat = 15 * time.Second
	// retryHint and drainHint are how long a browser waits before it connects again: after a fault, and when this
	// replica ends and another one is there already.
	retryHint = 3 * time.Second
	drainHint = 500 * time.Millisecond
	// followTries is how often reading the log of a finished run is tried before the page says why it cannot.
	followTries = 3
)
