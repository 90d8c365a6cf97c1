package webhook

import "time"

// Every limit of the door, so that they can be judged together: anyone on the network may knock, and nothing is known of
// a sender until the whole body has been read and its signature checked.
const (
	// maxBody is what GitHub caps its deliveries at; the other forges send less.
	maxBody = 25 << 20
	// maxBuffered bounds the bodies held at one moment, whoever sent them: two of the largest, or thousands of the
	// usual 20 KiB. Only bytes that have arrived count, so that announcing a large body blocks nobody.
	maxBuffered = 64 << 20
	// maxStoring bounds deliveries waiting for the inbox. Past it the API server behind the inbox is the bottleneck, and a
	// quick "come back" serves everyone better than a queue that outlives the forge's patience. Only authentic
	// deliveries take a place; strangers who send slowly cost a connection and 32 KiB of the bodies' budget.
	maxStoring = 256
	// maxHeader is several times what forges send; the standard library's default of 1 MiB is per connection.
	maxHeader = 32 << 10
	// headerTimeout bounds clients that open connections and say nothing.
	headerTimeout = 5 * time.Second
	// readTimeout lets the largest body through at 1 MiB/s; forges give up far earlier.
	readTimeout = 30 * time.Second
	// writeTimeout spans reading and storing: it starts when the headers were read.
	writeTimeout = readTimeout + putTimeout + 5*time.Second
	// idleTimeout keeps a forge's connection for its next delivery, a little longer than load balancers do.
	idleTimeout = 90 * time.Second
	// putTimeout is for the inbox to store one event, whether or not the sender still listens: forges that hang up after
	// five seconds do not send again.
	putTimeout = 10 * time.Second
	// drainTimeout bounds a shutdown; Kubernetes kills after thirty seconds by default.
	drainTimeout = 20 * time.Second
	// retryAfter is what a refused sender is asked to wait, in seconds.
	retryAfter = "10"
)
