package instance

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"strconv"
)

// Ports come from below the range that Linux hands out to outgoing connections (32768 and up). A part that is stopped and started
// again on its port can then not find it taken by a passing client connection.
const (
	firstPort = 20000
	portCount = 12000
)

// Port returns the port recorded under name, or picks a free one and records it for the life of the instance.
func (in *Instance) Port(name string) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if p, ok := in.rec.Ports[name]; ok {
		return p, nil
	}
	used := map[int]bool{}
	for _, p := range in.rec.Ports {
		used[p] = true
	}
	p, err := pickPort(in.Root, used)
	if err != nil {
		return 0, fmt.Errorf("pick port for %s: %w", name, err)
	}
	in.rec.Ports[name] = p
	return p, in.save()
}

// Address is Port as a loopback host:port.
func (in *Instance) Address(name string) (string, error) {
	p, err := in.Port(name)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p)), nil
}

// pickPort begins at a place that depends on the root, so that clusters which start at the same moment do not race for one port.
func pickPort(root string, used map[int]bool) (int, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(root)) // a hash never errs
	begin := int(h.Sum32() % portCount)
	for i := range portCount {
		p := firstPort + (begin+i)%portCount
		if !used[p] && free(p) {
			return p, nil
		}
	}
	return 0, errors.New("no free port")
}

// free tries the wildcard address too, because some programs can only listen there.
func free(port int) bool {
	for _, host := range []string{"127.0.0.1", ""} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		if l.Close() != nil {
			return false
		}
	}
	return true
}
