package harness

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports come from below the range that Linux hands out to outgoing connections (32768 and up): what listens again on its
// port after a crash or an outage must not find it taken by a passing client. The local cluster has those from 20000 on.
const (
	firstPort = 10000
	portCount = 10000
)

// ports gives every port once; where it begins, processes that run at the same time differ.
var ports = struct {
	sync.Mutex
	begin, given int
}{begin: rand.N(portCount)}

// FreeAddress is a host:port of the loopback interface that nobody listens on. No two calls answer the same.
func FreeAddress() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	for ports.given < portCount {
		port := firstPort + (ports.begin+ports.given)%portCount
		ports.given++
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		return address, l.Close()
	}
	return "", errors.New("find a free port: all are taken")
}
