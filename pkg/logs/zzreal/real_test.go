package zzreal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

type mortal struct {
	logs.Store
	dead atomic.Bool
}

var errDead = errors.New("dead")

func (m *mortal) Put(ctx context.Context, k string, b io.Reader, o logs.PutOptions) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Put(ctx, k, b, o)
}
func (m *mortal) Delete(ctx context.Context, k string) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Delete(ctx, k)
}
func (m *mortal) Get(ctx context.Context, k string, r logs.Range) (*logs.Object, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Store.Get(ctx, k, r)
}
func (m *mortal) List(ctx context.Context, p string) iter.Seq2[logs.Entry, error] { return m.Store.List(ctx, p) }

func TestReal(t *testing.T) {
	cfg, err := clientcmd.BuildConfigFromFlags("", "/tmp/pharos-dev/kubeconfig/admin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg.QPS, cfg.Burst = 100, 200
	c := kubernetes.NewForConfigOrDie(cfg)
	ctx := context.Background()
	ns := fmt.Sprintf("logs-try-%d", time.Now().Unix())
	if _, err := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	defer c.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{})
	for i := 0; i < 60; i++ {
		if _, err := c.CoreV1().ServiceAccounts(ns).Get(ctx, "default", metav1.GetOptions{}); err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	sum := `{ %s } | tee /tmp/x; sha256sum /tmp/x | cut -c1-64`
	scripts := map[string]string{
		"slow":  fmt.Sprintf(sum, `for i in $(seq 1 120); do echo line $i; if [ $((i%10)) = 0 ]; then head -c 70000 /dev/zero | tr '\0' x; echo; fi; echo; sleep 0.2; done`),
		"fast":  fmt.Sprintf(sum, `i=0; while [ $i -lt 60 ]; do seq $((i*20000)) $((i*20000+19999)); i=$((i+1)); sleep 0.5; done`),
		"noeol": `echo begin; sleep 3; printf 'no end'`,
		"both":  `for i in $(seq 1 2000); do echo out $i; echo err $i >&2; done`,
		"bin":   fmt.Sprintf(sum, `head -c 3000000 /dev/urandom; echo`),
	}
	order := []string{"slow", "fast", "noeol", "both", "bin"}
	if os.Getenv("BIG") != "" {
		scripts["fast"] = fmt.Sprintf(sum, `i=0; while [ $i -lt 300 ]; do seq $((i*20000)) $((i*20000+19999)); i=$((i+1)); sleep 0.1; done`)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "run-pod", Namespace: ns, Labels: map[string]string{logs.LabelPipelineRun: "run", "tekton.dev/taskRun": "run-t", "tekton.dev/pipelineTask": "t"}},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever}}
	for _, n := range order {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "step-" + n, Image: "pharos.local/busybox:1", ImagePullPolicy: "IfNotPresent", Command: []string{"sh", "-c", scripts[n]}})
	}
	if _, err := c.CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	file, err := logs.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	job := &v1alpha1.PipelineJob{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "run", UID: "u"}, Spec: v1alpha1.PipelineJobSpec{Type: v1alpha1.Periodic, Job: "j", BuildID: "1", Connection: "main"}, Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StatePending}}
	name := types.NamespacedName{Namespace: ns, Name: "run"}
	round := 0
	start := time.Now()
	for done := false; !done; round++ {
		m := &mortal{Store: file}
		s := logs.NewShipper(logs.ShipperOptions{Store: m, Source: logs.PodSource{Pods: c.CoreV1()}, Layout: logs.Layout{DefaultConnection: "main"}, Changed: func(types.NamespacedName) {}})
		sctx, cancel := context.WithCancel(ctx)
		stopped := make(chan error)
		go func() { stopped <- s.Start(sctx) }()
		life := time.Now()
		for time.Since(life) < time.Duration(1500+700*round)*time.Millisecond || round > 10 {
			list, err := c.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if p := list.Items[0].Status.Phase; p == corev1.PodSucceeded || p == corev1.PodFailed {
				job.Status.State = v1alpha1.StateSuccess
			}
			s.Observe(ctx, job.DeepCopy(), list.Items)
			st, _ := s.Status(name)
			if done = st.Archived; done {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		m.dead.Store(true)
		cancel()
		<-stopped
	}
	t.Logf("archived after %v, %d lives", time.Since(start), round)
	for _, n := range order {
		o, err := file.Get(ctx, "logs/j/1/t-"+n+"-build-log.txt", logs.Range{})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(o.Body)
		o.Body.Close()
		text := string(b)
		t.Log(n, len(text))
		switch n {
		case "noeol":
			if text != "begin\nno end" {
				t.Errorf("%q", text)
			}
		case "both":
			var out, er []string
			for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
				if strings.HasPrefix(l, "out") { out = append(out, l) } else { er = append(er, l) }
			}
			if len(out) != 2000 || len(er) != 2000 || out[1999] != "out 2000" || er[1999] != "err 2000" { t.Errorf("both %d %d", len(out), len(er)) }
		default:
			if len(text) < 65 { t.Errorf("%s: %q", n, text); continue }
			body, want := text[:len(text)-65], text[len(text)-65:len(text)-1]
			if got := fmt.Sprintf("%x", sha256.Sum256([]byte(body))); got != want {
				t.Errorf("%s: checksum %s, want %s; tail %q", n, got, want, text[len(text)-200:])
				os.WriteFile("/tmp/logs-real-"+n, b, 0o644)
			}
		}
	}
	o, _ := file.Get(ctx, "logs/j/1/steps.json", logs.Range{})
	b, _ := io.ReadAll(o.Body)
	t.Log(string(b[:min(len(b), 3000)]))
}
