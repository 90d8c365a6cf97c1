package logs

import (
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// ContainerRef names one container of one pod. UID tells a pod from an earlier one of the same name.
type ContainerRef struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	UID       string `json:"uid"`
	Container string `json:"container"`
}

// Source is where lines come from.
type Source interface {
	// Follow streams a container's log in the kubelet's form: every line is an RFC 3339 timestamp of nanoseconds, a
	// space and the text. It starts with the lines whose timestamp is not before since.Second and goes on until the
	// container ends, the stream breaks or ctx ends; io.EOF does not tell which. The caller closes it.
	// A pod that is gone is ErrNotExist.
	Follow(ctx context.Context, container ContainerRef, since Cursor) (io.ReadCloser, error)
}

// PodSource reads from the kubelet through the API server.
type PodSource struct {
	Pods corev1client.PodsGetter
}

var _ Source = PodSource{}

// Follow opens the pod's log. It does not wait for the container: one that has not started is an error.
func (s PodSource) Follow(ctx context.Context, c ContainerRef, since Cursor) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: c.Container, Follow: true, Timestamps: true}
	if since.Second != 0 {
		start := metav1.NewTime(time.Unix(since.Second, 0))
		options.SinceTime = &start
	}
	stream, err := s.Pods.Pods(c.Namespace).GetLogs(c.Pod, options).Stream(ctx)
	if apierrors.IsNotFound(err) {
		err = fmt.Errorf("%w: %w", storage.ErrNotExist, err)
	}
	if err != nil {
		return nil, fmt.Errorf("follow log of %s/%s %s: %w", c.Namespace, c.Pod, c.Container, err)
	}
	return stream, nil
}
