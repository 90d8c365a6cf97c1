package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

var (
	_ manager.Runnable               = (*Server)(nil)
	_ manager.LeaderElectionRunnable = (*Server)(nil)
)

// NewServer is an HTTP server at addr with the limits of this package, which suit short requests only.
func NewServer(addr string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
	}
}

// Server runs an HTTP server under a controller-runtime manager.
type Server struct {
	HTTP *http.Server
	// Listener is used instead of listening on HTTP.Addr where it is set.
	Listener net.Listener
}

// NeedLeaderElection is false: every replica takes deliveries.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends, then stops accepting and lets deliveries that have begun finish, for a limited time. It
// returns an error when the server could not listen, failed while serving, or had to cut deliveries off.
func (s *Server) Start(ctx context.Context) error {
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	// Deliveries get the manager's logger but not its end: those in flight are finished, not cancelled.
	s.HTTP.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	log.FromContext(ctx).Info("webhook server listens", "address", listener.Addr().String())

	failed := make(chan error, 1)
	go func() { failed <- s.HTTP.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve webhooks at %s: %w", listener.Addr(), err)
	case <-ctx.Done():
		return s.drain(context.WithoutCancel(ctx))
	}
}

func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	if s.Listener != nil {
		return s.Listener, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.HTTP.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	return listener, nil
}

func (s *Server) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	if err := s.HTTP.Shutdown(ctx); err != nil {
		return fmt.Errorf("drain webhook server: %w", errors.Join(err, s.HTTP.Close()))
	}
	return nil
}
