package inbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/rush"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// maxInline is the largest compressed payload kept in the object. etcd refuses requests of more than 1.5 MiB, and a
// JSON body carries bytes in base64.
const maxInline = 512 << 10

// maxEvent bounds what is unpacked from a stored payload, as a guard against a damaged or hostile object.
const maxEvent = 64 << 20

// Blobs keeps payloads that are too large for an object.
type Blobs interface {
	PutBlob(ctx context.Context, key string, data []byte) error
	GetBlob(ctx context.Context, key string) ([]byte, error)
	DeleteBlob(ctx context.Context, key string) error
}

// Inbox stores deliveries.
type Inbox struct {
	client    client.Client
	namespace string
	blobs     Blobs
	now       func() time.Time
	// storing is on while deliveries are being written: a forge waits for the answer.
	storing rush.Rush
}

// New makes an inbox that stores into namespace.
func New(c client.Client, namespace string, blobs Blobs) *Inbox {
	return &Inbox{client: c, namespace: namespace, blobs: blobs, now: time.Now}
}

// Put returns once the event is durable. The same delivery put again is a no-op, so that a forge's redelivery runs nothing
// twice. Every error means that nothing was stored and the forge should send again.
func (i *Inbox) Put(ctx context.Context, e scm.Event) error {
	defer i.storing.Begin()()
	payload, err := pack(e)
	if err != nil {
		return err
	}
	d := i.delivery(e)
	if len(payload) > maxInline {
		d.Spec.PayloadKey = "deliveries/" + d.Name + ".json.gz"
		if err := i.blobs.PutBlob(ctx, d.Spec.PayloadKey, payload); err != nil {
			return fmt.Errorf("store payload of %s: %w", d.Name, err)
		}
	} else {
		d.Spec.Payload = payload
	}
	err = i.client.Create(ctx, d)
	if apierrors.IsAlreadyExists(err) {
		duplicates.WithLabelValues(d.Spec.Connection).Inc()
		return nil
	}
	if err != nil {
		return fmt.Errorf("store delivery %s: %w", d.Name, err)
	}
	return nil
}

func (i *Inbox) delivery(e scm.Event) *v1alpha1.Delivery {
	meta := e.Envelope()
	return &v1alpha1.Delivery{
		ObjectMeta: metav1.ObjectMeta{
			Name:      Name(meta.Repo.Connection, meta.ID),
			Namespace: i.namespace,
			Labels: map[string]string{
				v1alpha1.LabelManaged: "true",
				v1alpha1.LabelSubject: digest(e.Subject())[:16],
				v1alpha1.LabelAbout:   About(e),
			},
		},
		Spec: v1alpha1.DeliverySpec{
			Connection: meta.Repo.Connection,
			ID:         meta.ID,
			Event:      describe(e),
			Subject:    e.Subject(),
			Sender:     meta.Sender.Login,
			ReceivedAt: metav1.NewMicroTime(i.now()),
		},
		Status: v1alpha1.DeliveryStatus{Phase: v1alpha1.DeliveryPending},
	}
}

// About is a label's value that two events share when they tell of the same head of a pull request, or of the same comment:
// a delivery and what a sweep found later, for example.
func About(e scm.Event) string {
	what := e.Subject()
	switch e := e.(type) {
	case *scm.PullRequestEvent:
		what += "@" + e.Pull.Head.SHA
	case *scm.CommentEvent:
		what += "/comment/" + e.Comment.ID
	default:
		what += "/delivery/" + e.Envelope().ID
	}
	return digest(what)[:16]
}

// Name is the object name of a delivery: the same for every redelivery, and valid whatever the forge's id looks like.
func Name(connection, id string) string { return "d-" + digest(connection + "\x00" + id)[:32] }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func describe(e scm.Event) string {
	switch e := e.(type) {
	case *scm.PullRequestEvent:
		return strings.Join([]string{string(e.Kind()), string(e.Action)}, ".")
	case *scm.CommentEvent:
		return strings.Join([]string{string(e.Kind()), string(e.Action)}, ".")
	}
	return string(e.Kind())
}

func pack(e scm.Event) ([]byte, error) {
	data, err := scm.EncodeEvent(e)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
	z.Reset(&b)
	if _, err := z.Write(data); err != nil {
		return nil, fmt.Errorf("compress event: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress event: %w", err)
	}
	return b.Bytes(), nil
}

// compressors are kept because each brings close to a megabyte of tables, which is much for one event.
var compressors = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails for a level that does not exist only
	return z
}}

func (i *Inbox) unpack(ctx context.Context, d *v1alpha1.Delivery) (scm.Event, error) {
	payload := d.Spec.Payload
	if d.Spec.PayloadKey != "" {
		var err error
		if payload, err = i.blobs.GetBlob(ctx, d.Spec.PayloadKey); err != nil {
			return nil, fmt.Errorf("read payload of %s: %w", d.Name, err)
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("read payload of %s: %w", d.Name, err)
	}
	data, err := io.ReadAll(io.LimitReader(z, maxEvent))
	if err != nil {
		return nil, fmt.Errorf("read payload of %s: %w", d.Name, err)
	}
	return scm.DecodeEvent(data)
}
