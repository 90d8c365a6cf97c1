// Package webhook is the HTTP door: it takes deliveries of forges at POST /hook/{connection}, has the connection's driver
// authenticate and decode them, hands the events to the inbox and answers only then, so that an acknowledged
// delivery is a stored one.
//
// It calls no forge, starts no work and keeps nothing. What is not authentic leaves no trace but a counter and a log
// line. Health checks, TLS and the routes beside /hook belong to whoever serves it.
package webhook
