package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
)

// Server is the dashboard on a port of its own, as a Runnable for a manager.
type Server struct {
	address string
	site    *site
}

// NewServer makes a server for an address such as ":8080". It opens nothing before Start.
func NewServer(address string, d Deps) *Server {
	return &Server{address: address, site: newSite(d, sse.Options{})}
}

// NeedLeaderElection says that every replica serves.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends; then it ends the log streams, which browsers open again elsewhere, and lets other
// requests finish.
func (s *Server) Start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for the dashboard: %w", err)
	}
	return s.serve(ctx, listener)
}

func (s *Server) serve(ctx context.Context, listener net.Listener) error {
	logger := log.FromContext(ctx)
	server := &http.Server{
		Handler:           s.site,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return log.IntoContext(context.WithoutCancel(ctx), logger) },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	logger.Info("dashboard serves", "address", listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serve the dashboard: %w", err)
	case <-ctx.Done():
	}
	s.site.streams.Drain()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("drain the dashboard: %w", err), server.Close())
	}
	return nil
}
