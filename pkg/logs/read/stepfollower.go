package read

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/retry"
)

// stepFollower emits one step of a live run: from the store what is durable, and what comes behind that from the pod,
// since the store is seconds late. When the pod does not hold the place any more, the store has what is between.
type stepFollower struct {
	f    *follower
	step logs.StepInfo
	out  *liner
	dec  *kubelet.Decoder // behind what is emitted; nil while that place is not known
	veil kubelet.Veil     // between dec and out
	// begun says that a place was found once. Only before may the pod be read from its start: later it may be rotated.
	begun bool
}

// scene is what is known of a step at one time.
type scene struct {
	job     *v1alpha1.PipelineJob
	step    logs.StepInfo
	c       pods.Container
	exists  bool // the pod is there
	safe    bool // its secrets are known
	changed <-chan struct{}
}

func (s *stepFollower) look() scene {
	f := s.f
	f.mu.Lock()
	defer f.mu.Unlock()
	now := scene{job: f.job, step: s.step, changed: f.changed}
	now.c, now.exists = f.seen[s.step.Container]
	now.safe = f.covered[s.step.Container.UID]
	if i := slices.IndexFunc(f.steps, func(o logs.StepInfo) bool { return o.Container == s.step.Container }); i >= 0 {
		now.step = f.steps[i]
	}
	return now
}

// run emits until the end of the log.
func (s *stepFollower) run(ctx, live context.Context) error {
	for {
		now := s.look()
		archived := now.job.Status.Log.Archived
		inPod := now.exists && now.c.Started && !now.c.Stopped && now.safe && live.Err() == nil
		if s.dec == nil || !inPod || !s.placed(now.c) {
			done, err := s.fromStore(ctx, now.step, archived)
			if done || s.out.failed != nil {
				return s.out.failed
			}
			if err != nil && !s.begun {
				s.out.begin(1)
				s.place(logs.Cursor{}) // a store that is down must not hide a live log
			}
		}
		switch {
		case inPod && s.dec != nil && s.placed(now.c):
			done, err := s.fromPod(live, now.c)
			if done || err != nil {
				return err
			}
		case archived:
			return nil // what never started has no log
		case now.exists && !now.c.Started && (now.c.Ended || now.job.Status.State.Terminal() && settled(now.job)):
			return nil
		}
		if err := retry.Wait(ctx, pollTime, now.changed); err != nil {
			return err
		}
	}
}

// placed says that what comes next is in the log that the kubelet gives: that of the newest instance.
func (s *stepFollower) placed(c pods.Container) bool { return s.dec.Cursor.Instance == c.Restarts }

// place goes on in the pod behind a cursor.
func (s *stepFollower) place(c logs.Cursor) {
	s.begun = true
	s.dec = &kubelet.Decoder{Cursor: c, Gap: func() bool { return false }}
	s.veil = kubelet.Veil{Secrets: s.veil.Secrets, Give: s.veil.Give}
	s.veil.Resume(c)
}

// fromStore emits what is durable, and is done when that is the whole log.
func (s *stepFollower) fromStore(ctx context.Context, step logs.StepInfo, archived bool) (done bool, err error) {
	text, err := s.f.r.text(ctx, s.f.path, step, archived)
	if err == nil {
		err = text.copy(ctx, s.out)
	}
	if err != nil {
		s.dec = nil // a part may be emitted
		return false, err
	}
	if text.final {
		return true, nil
	}
	s.place(text.cursor)
	return false, nil
}

// fromPod emits one answer of the pod; done says that there will be no more. Only emit's failure is an error.
func (s *stepFollower) fromPod(ctx context.Context, c pods.Container) (done bool, err error) {
	before := s.dec.Cursor.Bytes
	err = s.read(ctx)
	switch {
	case s.out.failed != nil:
		return false, s.out.failed
	case errors.Is(err, kubelet.ErrMisplaced):
		s.dec = nil
	case err == nil && c.Ended && s.dec.Cursor.Bytes == before && s.dec.CaughtUp():
		if err := s.veil.End(); err != nil {
			return false, err
		}
		return true, s.out.end()
	}
	return false, nil
}

func (s *stepFollower) read(ctx context.Context) error {
	body, err := s.f.r.o.Source.Follow(ctx, s.step.Container, s.dec.Cursor)
	if err != nil {
		return err
	}
	return errors.Join(s.dec.Read(body, s.veil.Add), body.Close())
}

func (s *stepFollower) give(f kubelet.Fragment) error {
	return s.out.add(f.Text, time.Unix(0, f.Stamp))
}
