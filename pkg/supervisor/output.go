package supervisor

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pharos-ci/pharos/pkg/censor"
)

// drainTime is how long output is awaited from programs that outlived the process and hold its output open.
const drainTime = 2 * time.Second

// output is what the process writes to: our own streams, or pipes into a censor.
type output struct{ stdout, stderr stream }

type stream struct {
	// child is the process's end.
	child *os.File
	// piped says that child is a pipe, whose other end is read.
	piped bool
	read  *os.File
	done  chan struct{}
}

func newOutput(p Process, s *censor.Secrets) (*output, error) {
	if s == nil {
		return &output{stdout: stream{child: p.Stdout}, stderr: stream{child: p.Stderr}}, nil
	}
	stdout, err := censored(p.Stdout, s)
	if err != nil {
		return nil, err
	}
	stderr, err := censored(p.Stderr, s)
	if err != nil {
		(&output{stdout: stdout}).close()
		return nil, err
	}
	return &output{stdout, stderr}, nil
}

func censored(to io.Writer, s *censor.Secrets) (stream, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return stream{}, fmt.Errorf("make a pipe: %w", err)
	}
	c := stream{child: write, piped: true, read: read, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		_, _ = io.Copy(to, s.Reader(read)) // a log that cannot be written must not fail the job
	}()
	return c, nil
}

// close waits for the last of the output.
func (o *output) close() {
	for _, s := range []stream{o.stdout, o.stderr} {
		if !s.piped {
			continue
		}
		_ = s.child.Close()
		select {
		case <-s.done:
		case <-time.After(drainTime):
		}
		_ = s.read.Close()
		<-s.done
	}
}
