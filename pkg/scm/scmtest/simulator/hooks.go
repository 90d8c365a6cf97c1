package simulator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// deliveryTime bounds one delivery; every vendor gives up after about ten seconds.
const deliveryTime = 10 * time.Second

// Sent is a delivery that a hook made, and the answer it got; Status is 0 where there was none.
type Sent struct {
	ID     int
	Hook   *Hook
	Event  string
	Header http.Header
	Body   []byte
	Status int
	At     time.Time
}

// queue sends the deliveries of one hook in their order.
type queue struct {
	mu      sync.Mutex
	waiting []*Message
	wake    chan struct{}
	ended   bool
}

// AddHook installs a webhook on a repository, or on an organisation if repo is nil.
func (f *Forge) AddHook(o *Org, r *Repo, h *Hook) *Hook {
	h.ID = f.NextID()
	h.queue = &queue{wake: make(chan struct{}, 1)}
	if r != nil {
		r.Hooks = append(r.Hooks, h)
	} else {
		o.Hooks = append(o.Hooks, h)
	}
	f.hooks.Go(func() { f.send(h) })
	return h
}

// HooksOf are the webhooks of a repository, or of an organisation if repo is nil.
func (f *Forge) HooksOf(o *Org, r *Repo) []*Hook {
	if r != nil {
		return r.Hooks
	}
	return o.Hooks
}

// RemoveHook removes a webhook by its number and says whether it was there.
func (f *Forge) RemoveHook(o *Org, r *Repo, id int) bool {
	hooks := &o.Hooks
	if r != nil {
		hooks = &r.Hooks
	}
	i := slices.IndexFunc(*hooks, func(h *Hook) bool { return h.ID == id })
	if i < 0 {
		return false
	}
	(*hooks)[i].queue.end()
	*hooks = slices.Delete(*hooks, i, i+1)
	return true
}

// Deliveries are what the hooks sent so far, oldest first; dialects call it within Do.
func (f *Forge) Deliveries(h *Hook) []Sent {
	var all []Sent
	for _, s := range f.sent {
		if s.Hook == h {
			all = append(all, s)
		}
	}
	return all
}

// Resender is a dialect that changes the headers of a delivery when it is sent once more.
type Resender interface{ Resend(m *Message) }

// Redeliver sends a delivery once more, with the headers and the body it had.
func (f *Forge) Redeliver(h *Hook, id int) error {
	for _, s := range f.sent {
		if s.ID == id && s.Hook == h {
			m := &Message{Event: s.Event, Header: s.Header.Clone(), Body: s.Body}
			if d, ok := f.dialect.(Resender); ok {
				d.Resend(m)
			}
			h.queue.add(m)
			return nil
		}
	}
	return fmt.Errorf("delivery %d: %w", id, ErrNotFound)
}

// emit renders a change for the hooks that listen.
func (f *Forge) emit(c *Change) {
	hooks := slices.Concat(c.Repo.Hooks, f.orgHooks(c.Repo))
	if len(hooks) == 0 {
		return
	}
	messages := f.dialect.Messages(f, c)
	for _, h := range hooks {
		for i := range messages {
			if !h.Active || !slices.Contains(h.Events, messages[i].Event) {
				continue
			}
			own := Message{Event: messages[i].Event, Header: messages[i].Header.Clone(), Body: messages[i].Body}
			if own.Header == nil {
				own.Header = http.Header{}
			}
			f.dialect.Sign(h, &own)
			h.queue.add(&own)
		}
	}
}

// orgHooks are those of the repository's owner, and of the groups around it.
func (f *Forge) orgHooks(r *Repo) []*Hook {
	var all []*Hook
	for path := r.Org.Path; path != ""; path = parent(path) {
		if o := f.orgs[key(path)]; o != nil {
			all = append(all, o.Hooks...)
		}
	}
	return all
}

func parent(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return ""
}

func (q *queue) add(m *Message) {
	q.mu.Lock()
	q.waiting = append(q.waiting, m)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for a message, nil once the queue has ended and is empty.
func (q *queue) next() *Message {
	for {
		q.mu.Lock()
		if len(q.waiting) > 0 {
			m := q.waiting[0]
			q.waiting = q.waiting[1:]
			q.mu.Unlock()
			return m
		}
		ended := q.ended
		q.mu.Unlock()
		if ended {
			return nil
		}
		<-q.wake
	}
}

func endAll(hooks []*Hook) {
	for _, h := range hooks {
		h.queue.end()
	}
}

// send delivers until the hook goes.
func (f *Forge) send(h *Hook) {
	client := &http.Client{Timeout: deliveryTime}
	for m := h.queue.next(); m != nil; m = h.queue.next() {
		status := post(client, h.URL, m)
		f.mu.Lock()
		f.sent = append(f.sent, Sent{ID: f.NextID(), Hook: h, Event: m.Event, Header: m.Header, Body: m.Body, Status: status, At: f.now()})
		f.mu.Unlock()
	}
}

func post(client *http.Client, url string, m *Message) int {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(m.Body))
	if err != nil {
		return 0
	}
	req.Header = m.Header.Clone()
	if req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body) // only whether it was taken counts
	return res.StatusCode
}
