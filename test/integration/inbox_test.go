package integration

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/inbox"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/test/harness"
)

// order notes the ids that were dispatched for each subject.
type order struct {
	mu  sync.Mutex
	ids map[string][]string
}

func (o *order) Dispatch(_ context.Context, _ string, e scm.Event, earlier chatops.Report) (chatops.Report, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ids[e.Subject()] = append(o.ids[e.Subject()], e.Envelope().ID)
	return earlier, nil
}

func (o *order) total() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, ids := range o.ids {
		n += len(ids)
	}
	return n
}

func TestDeliveriesSurviveInTheAPIServerInTheOrderOfEachPullRequest(t *testing.T) {
	c := cluster(t)
	kube, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.InstallCRDs(t.Context(), kube); err != nil {
		t.Fatal(err)
	}
	ns := unique("inbox")
	if err := kube.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}); err != nil {
		t.Fatal(err)
	}
	const pulls, each = 5, 10
	box := inbox.New(kube, ns, nil)
	for i := range each {
		for n := range pulls {
			e := &scm.CommentEvent{
				Meta:   scm.Envelope{ID: fmt.Sprintf("%d-%02d", n, i), Repo: scm.Repo{Connection: "main", Org: "acme", Name: "app"}},
				Number: n,
			}
			for range 2 { // each twice, as a forge that redelivers
				if err := box.Put(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
		}
	}

	seen := &order{ids: map[string][]string{}}
	startWorker(t, c, ns, seen)
	if err := harness.Until(t.Context(), 30*time.Second, "all deliveries to be processed", func() (bool, string) {
		return processed(t, kube, ns) == pulls*each, fmt.Sprint(seen.total())
	}); err != nil {
		t.Fatal(err)
	}
	for subject, ids := range seen.ids {
		if len(ids) != each || !slices.IsSorted(ids) {
			t.Errorf("%s was dispatched as %v", subject, ids)
		}
	}
}

func processed(t *testing.T, kube client.Client, ns string) int {
	t.Helper()
	var list v1alpha1.DeliveryList
	if err := kube.List(t.Context(), &list, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range list.Items {
		if d.Status.Phase == v1alpha1.DeliveryProcessed {
			n++
		}
	}
	return n
}

func startWorker(t *testing.T, c *harness.Cluster, ns string, d inbox.Dispatcher) {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	repeat := true
	mgr, err := ctrl.NewManager(cfg, manager.Options{
		Scheme: harness.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: &repeat},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := inbox.NewWorker(inbox.New(mgr.GetClient(), ns, nil), mgr.GetCache(), d).SetupWithManager(mgr); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestTheAPIServerRefusesWhatTheSchemaForbids(t *testing.T) {
	c := cluster(t)
	kube, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.InstallCRDs(t.Context(), kube); err != nil {
		t.Fatal(err)
	}
	for name, pj := range map[string]*v1alpha1.PipelineJob{
		"an unknown type":  {Spec: v1alpha1.PipelineJobSpec{Type: "nightly", Job: "a", BuildID: "1", Connection: "main", Agent: v1alpha1.AgentTekton}},
		"an unknown agent": {Spec: v1alpha1.PipelineJobSpec{Type: v1alpha1.Presubmit, Job: "a", BuildID: "1", Connection: "main", Agent: "buildkite"}},
		"no job":           {Spec: v1alpha1.PipelineJobSpec{Type: v1alpha1.Presubmit, BuildID: "1", Connection: "main", Agent: v1alpha1.AgentTekton}},
	} {
		t.Run(name, func(t *testing.T) {
			pj.Name, pj.Namespace = unique("refused"), "default"
			if err := kube.Create(t.Context(), pj); err == nil {
				t.Error("the object was accepted")
			}
		})
	}
}
