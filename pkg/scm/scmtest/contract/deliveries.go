package contract

import (
	"errors"
	"math/rand/v2"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var deliveryCases = []contractCase{
	{name: "a delivery is proven before it is read", run: func(s *site) {
		ref, _ := s.open("feature")
		h := s.opened(ref)
		parse := s.world.Driver().Parse
		again, err := parse(h.header, h.body, verification)
		s.ok(err)
		if again.Envelope().ID != h.event.Envelope().ID || again.Envelope().ID == "" {
			s.Errorf("the same delivery is %q and %q", h.event.Envelope().ID, again.Envelope().ID)
		}
		for name, v := range map[string]scm.Verification{
			"another secret": {Connection: "main", Secrets: [][]byte{[]byte("wrong")}},
			"no secret":      {Connection: "main"},
			"an empty one":   {Connection: "main", Secrets: [][]byte{{}}},
		} {
			if _, err := parse(h.header, h.body, v); !errors.Is(err, scm.ErrSignature) {
				s.Errorf("with %s: %v, want ErrSignature", name, err)
			}
		}
		if _, err := parse(http.Header{}, h.body, verification); !errors.Is(err, scm.ErrSignature) {
			s.Errorf("without any header: %v, want ErrSignature", err)
		}
	}},
	{name: "broken bodies are refused and break nothing", run: func(s *site) {
		ref, _ := s.open("feature")
		_, err := s.world.As(Bob).Comment(ref, "hello")
		s.ok(err)
		s.comment("hello", scm.ActionCreated)
		s.mu.Lock()
		all := s.heard
		s.mu.Unlock()
		random := rand.New(rand.NewPCG(1, 2))
		for _, h := range all {
			for range 300 {
				s.mutate(random, h)
			}
		}
	}},
	{name: "pings and unknown events are ignored", run: func(s *site) {
		ref, _ := s.open("feature")
		h := s.opened(ref)
		for name := range h.header {
			switch name {
			case "X-Github-Event", "X-Gitlab-Event", "X-Event-Key", "X-Gitea-Event":
				h.header.Set(name, "teapot")
			}
		}
		for _, name := range []string{"X-Gitea-Event-Type", "X-Gogs-Event", "X-Github-Event-Type", "X-Gogs-Event-Type"} {
			h.header.Del(name)
		}
		e, err := s.world.Driver().Parse(h.header, h.body, verification)
		if err == nil && e.Kind() != scm.KindIgnored {
			s.Errorf("an unknown event is %s", e.Kind())
		}
		if err != nil && !errors.Is(err, scm.ErrMalformed) {
			s.Errorf("an unknown event is refused: %v", err)
		}
	}},
}

// opened is the delivery of an opened pull request.
func (s *site) opened(ref scm.PullRef) heard {
	s.Helper()
	_, h := awaitRaw(s, "opened", func(e *scm.PullRequestEvent) bool {
		return e.Action == scm.ActionOpened && e.Pull.Ref.Number == ref.Number
	})
	h.header = h.header.Clone()
	return h
}

// mutate cuts or changes a body and signs it anew where signing is possible; a driver may answer anything but a panic, an
// event without a repository, or an error of another kind.
func (s *site) mutate(random *rand.Rand, h heard) {
	s.Helper()
	body := append([]byte(nil), h.body...)
	switch random.IntN(3) {
	case 0:
		body = body[:random.IntN(len(body))]
	case 1:
		body[random.IntN(len(body))] = byte(random.IntN(256))
	default:
		from := random.IntN(len(body))
		body = append(body[:from], body[min(len(body), from+random.IntN(40)):]...)
	}
	e, err := s.world.Driver().Parse(Signed(h.header, body, secret), body, verification)
	switch {
	case err == nil && e.Kind() != scm.KindIgnored && e.Envelope().Repo.Name == "":
		s.Fatalf("an event without a repository of %s", body)
	case err != nil && !errors.Is(err, scm.ErrMalformed) && !errors.Is(err, scm.ErrSignature):
		s.Fatalf("%v of %s", err, body)
	}
}
