package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Source is where lines come from.
type Source interface {
	// Follow streams a container's log in the kubelet's form: every line is an RFC 3339 timestamp of nanoseconds, a
	// space and the text. It starts with the lines whose timestamp is not before since.Second and goes on until the
	// container ends, the stream breaks or ctx ends; io.EOF does not tell which. The caller closes it.
	// A pod that is gone is ErrNotExist.
	Follow(ctx context.Context, container logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error)
}

// History is what a [Source] may offer too: where the kubelet's newest file of a container begins, and the text that it
// does not hold. Answers have the form of Follow's, with the lines whose timestamp is not before since.Second, and end with
// what is there now.
type History interface {
	// Head is the stamp, in nanoseconds since 1970, of the first line in the newest file of a container; zero when it is
	// empty.
	Head(ctx context.Context, container logs.ContainerRef) (int64, error)
	// Previous streams the log of the instance that ran before the container was last restarted. One that the kubelet
	// has removed is ErrNotExist.
	Previous(ctx context.Context, container logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error)
	// HasFiles says whether Rotated may be allowed.
	HasFiles() bool
	// Rotated streams all files of instance since.Instance that a node keeps, the newest last. Without the permission it
	// is ErrForbidden.
	Rotated(ctx context.Context, container logs.ContainerRef, node string, since logs.Cursor) (io.ReadCloser, error)
}

// ErrForbidden means that Pharos may not read a node's files. The remedy is the permission to get nodes/proxy, which is
// a strong one: see [PodSource].
var ErrForbidden = errors.New("not allowed; to read rotated files, Pharos needs the permission to get nodes/proxy")

// PodSource reads from the kubelet through the API server.
type PodSource struct {
	Pods corev1client.PodsGetter
	// Nodes is the client of the core API with which the files of nodes are read, through /api/v1/nodes/NODE/proxy. It
	// brings back what the kubelet rotated away while Pharos was not running or could not reach the node, and what it
	// leaves out when it gives a log more slowly than that grows. Nil does without: the log notes where lines may be
	// missing.
	//
	// It needs the permission to get nodes/proxy. That is nearly the power of the kubelet itself, since it also lets its
	// owner run commands in every container of the cluster; give it only where that is no concern.
	Nodes rest.Interface
}

var (
	_ Source  = PodSource{}
	_ History = PodSource{}
)

// Follow opens the pod's log. It does not wait for the container: one that has not started is an error.
func (s PodSource) Follow(ctx context.Context, c logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	return s.open(ctx, c, since, &corev1.PodLogOptions{Follow: true})
}

// Head reads the first bytes of the newest file.
func (s PodSource) Head(ctx context.Context, c logs.ContainerRef) (int64, error) {
	limit := int64(zonedStamp + 1)
	stream, err := s.open(ctx, c, logs.Cursor{}, &corev1.PodLogOptions{LimitBytes: &limit})
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(io.LimitReader(stream, limit))
	if err = errors.Join(err, stream.Close()); err != nil {
		return 0, fmt.Errorf("read log of %s/%s %s: %w", c.Namespace, c.Pod, c.Container, err)
	}
	stamp, _, _ := new(clock).cut(text)
	return stamp, nil
}

// HasFiles is whether there is a client for nodes.
func (s PodSource) HasFiles() bool { return s.Nodes != nil }

// Previous opens the log of the instance before the last restart, of which the kubelet keeps one.
func (s PodSource) Previous(ctx context.Context, c logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	stream, err := s.open(ctx, c, since, &corev1.PodLogOptions{Previous: true})
	if apierrors.IsBadRequest(err) { // the container is there, but what it was before is not
		err = fmt.Errorf("%w: %w", storage.ErrNotExist, err)
	}
	return stream, err
}

func (s PodSource) open(ctx context.Context, c logs.ContainerRef, since logs.Cursor, options *corev1.PodLogOptions) (io.ReadCloser, error) {
	options.Container, options.Timestamps = c.Container, true
	if since.Second != 0 {
		start := metav1.NewTime(time.Unix(since.Second, 0))
		options.SinceTime = &start
	}
	stream, err := s.Pods.Pods(c.Namespace).GetLogs(c.Pod, options).Stream(ctx)
	if err == nil {
		return stream, nil
	}
	if apierrors.IsNotFound(err) && s.exists(ctx, c) {
		// A kubelet that has just started does not know its pods yet; their logs are on its disk all the same.
		err = fmt.Errorf("the kubelet does not know the pod: %s", err.Error())
	}
	return nil, fmt.Errorf("read log of %s/%s %s: %w", c.Namespace, c.Pod, c.Container, notExist(err))
}

// exists says whether the API server has the pod. In doubt it has.
func (s PodSource) exists(ctx context.Context, c logs.ContainerRef) bool {
	pod, err := s.Pods.Pods(c.Namespace).Get(ctx, c.Pod, metav1.GetOptions{})
	if err != nil {
		return !apierrors.IsNotFound(err)
	}
	return string(pod.UID) == c.UID
}

// notExist makes the API server's answer one of ours.
func notExist(err error) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: %w", storage.ErrNotExist, err)
	}
	return err
}
