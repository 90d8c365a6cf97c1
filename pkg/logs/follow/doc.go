// Package follow brings the log of one container to its end: over streams that break, hang and lag, files that the kubelet
// rotates, restarts of the container and of the kubelet, and pods that go away. It asks a [kubelet.Source], decides when and
// where to ask again, and gives each byte once. Where text may be missing it says so, in the log and to its caller.
package follow
