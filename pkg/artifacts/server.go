package artifacts

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

// Server runs the door under a controller-runtime manager, on every replica.
type Server struct {
	http *http.Server
}

// NewServer listens at addr once it is started.
func NewServer(addr string, handler http.Handler) *Server {
	return &Server{http: &http.Server{Addr: addr, Handler: handler, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime}}
}

// NeedLeaderElection is false: pods reach any replica.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends, then lets files that have begun finish, for a limited time.
func (s *Server) Start(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.http.Addr)
	if err != nil {
		return fmt.Errorf("listen for artifacts: %w", err)
	}
	after := context.WithoutCancel(ctx)
	s.http.BaseContext = func(net.Listener) context.Context { return after }
	log.FromContext(ctx).Info("artifacts server listens", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve artifacts at %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	after, cancel := context.WithTimeout(after, drainTime)
	defer cancel()
	if err := s.http.Shutdown(after); err != nil {
		return fmt.Errorf("drain artifacts server: %w", errors.Join(err, s.http.Close()))
	}
	return nil
}
