package harness

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Gate passes TCP connections on to a server until it is shut; then those that are open break and new ones are refused, as
// when the server is gone. It lets a test take a shared server away from one process alone.
type Gate struct {
	// Address is where the gate listens, as host:port. It stays the same.
	Address string

	target string
	mu     sync.Mutex
	listen net.Listener // nil while shut
	open   map[net.Conn]bool
}

// OpenGate opens a gate to a server's host:port on a free port of the loopback interface.
func OpenGate(target string) (*Gate, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	g := &Gate{Address: address, target: target}
	return g, g.Open()
}

// Open lets connections pass again.
func (g *Gate) Open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listen != nil {
		return nil
	}
	listen, err := net.Listen("tcp", g.Address)
	if err != nil {
		return fmt.Errorf("open gate: %w", err)
	}
	g.listen, g.open = listen, make(map[net.Conn]bool)
	go func() {
		for {
			conn, err := listen.Accept()
			if err != nil {
				return // shut
			}
			go g.pass(conn)
		}
	}()
	return nil
}

// Shut breaks every connection and refuses new ones.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listen == nil {
		return
	}
	_ = g.listen.Close() // no more connections is all that matters
	for conn := range g.open {
		_ = conn.Close()
	}
	g.listen, g.open = nil, nil
}

func (g *Gate) pass(in net.Conn) {
	defer in.Close()
	out, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", g.target)
	if err != nil {
		return
	}
	defer out.Close()
	if !g.hold(in, out) {
		return
	}
	defer g.let(in, out)
	var both errgroup.Group
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() error {
			_, err := io.Copy(way[0], way[1])
			_ = way[0].Close() // the other way ends, too
			return err
		})
	}
	_ = both.Wait() // a broken connection is what a gate is for
}

// hold is false when the gate was shut meanwhile.
func (g *Gate) hold(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		if g.open == nil {
			return false
		}
		g.open[conn] = true
	}
	return true
}

func (g *Gate) let(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		delete(g.open, conn)
	}
}
