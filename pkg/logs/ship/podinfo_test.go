package ship_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
)

// apiServer makes the API server of a lab, with the objects given and the pods that the lab has by then. Get fails with the
// error that refuse has for a name.
func apiServer(l *logstest.Lab, refuse func(name string) error, objects ...client.Object) client.WithWatch {
	l.T.Helper()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		l.T.Fatal(err)
	}
	for i := range l.Pods {
		objects = append(objects, l.Pods[i].DeepCopy())
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&corev1.Event{}, "involvedObject.uid", func(o client.Object) []string {
			return []string{string(o.(*corev1.Event).InvolvedObject.UID)}
		}).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if err := refuse(key.Name); err != nil {
					return err
				}
				return c.Get(ctx, key, o, opts...)
			},
		}).Build()
}

func nothing(string) error { return nil }

func secretOf(name string, kind corev1.SecretType, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ci", Name: name}, Type: kind, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	return s
}

func eventOf(name, uid, reason, message string, at time.Time) *corev1.Event {
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ci", Name: name, UID: types.UID(name)}, InvolvedObject: corev1.ObjectReference{UID: types.UID(uid)},
		Reason: reason, Message: message, LastTimestamp: metav1.NewTime(at),
	}
}

// giveSecrets lets the newest pod have a secret in each of the ways.
func giveSecrets(l *logstest.Lab) {
	pod := &l.Pods[len(l.Pods)-1]
	named := corev1.LocalObjectReference{Name: "from-env"}
	pod.Spec.Volumes = []corev1.Volume{
		{Name: "a", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "mounted"}}},
		{Name: "b", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "registry"}}},
		}}}},
	}
	pod.Spec.InitContainers = []corev1.Container{{Name: "prepare", EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named}}}}}
	pod.Spec.Containers[0].Env = []corev1.EnvVar{
		{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "login"}, Key: "password"}}},
		{Name: "COPY", Value: "x-m0unted-x"},
	}
	pod.Spec.Containers[0].Args = []string{"--token=m0unted"}
}

func TestSecretsOfARunAreHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		refs := l.Pod("p1", "build", "test")
		giveSecrets(l)
		refused := func(name string) error {
			if name == "from-env" {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, name, errors.New("no"))
			}
			return nil
		}
		l.Options.API = apiServer(l, refused,
			secretOf("mounted", corev1.SecretTypeOpaque, map[string]string{"token": "m0unted\n", "no": "yes"}),
			secretOf("registry", corev1.SecretTypeDockerConfigJson, map[string]string{
				corev1.DockerConfigJsonKey: `{"auths":{"r":{"username":"robot-1","password":"r3gistry","auth":"cm9ib3QtMTpyM2dpc3RyeQ=="}}}`,
			}),
			secretOf("login", corev1.SecretTypeBasicAuth, map[string]string{"username": "jenkins", "password": "p4ssword"}),
			eventOf("e1", "p1-uid", "Failed", "command --token=m0unted failed", time.Now()),
		)
		l.Job.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Args: []string{"--token=m0unted"}}}}
		l.Job.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: []byte(`{"m0unted":["m0unted",12345678901234567890]}`)}
		l.Start(l.Store)
		defer l.Stop()
		l.Kubelet.Print(refs[0], logstest.Line("jenkins says m0unted, yes, r3gistry and p4ssword"), logstest.Line("base64: bTB1bnRlZA== robot-1 cm9ib3QtMTpyM2dpc3RyeQ=="),
			logstest.Line("curl -H 'Authorization: Basic amVua2luczpwNHNzd29yZA=='"))
		l.Kubelet.Print(refs[0], logstest.Entry{At: time.Now(), Text: "across m0un", Partial: true}, logstest.Line("ted"))
		l.Observe()
		time.Sleep(5 * time.Second)
		l.End(refs[0], 1)
		l.Pods[0].Status.ContainerStatuses[0].State.Terminated.Message = "m0unted is wrong"
		l.Finish(v1alpha1.StateFailure)
		l.Observe()
		l.Archived()
		want := "jenkins says *******, yes, ******** and ********\nbase64: ************ robot-1 ************************\n" +
			"curl -H 'Authorization: Basic amVua2luczpw**********='\nacross *******\n"
		got := l.File("build-log.txt")
		if i := strings.Index(got, "Basic "); i < 0 || strings.Contains(got[i:], "NHNzd29y") {
			t.Errorf("the password shows in %q", got)
		}
		cut := func(text string) string {
			return text[:strings.Index(text, "curl")] + text[strings.Index(text, "\nacross"):]
		}
		if diff := cmp.Diff(cut(want), cut(got)); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		step := l.StepOf(refs[0])
		if step.Message != "******* is wrong" || step.Uncensored != "ci/from-env: forbidden; Pharos needs the permission to get secrets there" {
			t.Errorf("the step is %+v", step)
		}
		for _, key := range l.Store.Under(logstest.RunPath + "/") {
			text := strings.ReplaceAll(l.Store.Text(t, key), `"m0unted":`, "") // the name of a field is no value
			if strings.Contains(text, "m0unted") || strings.Contains(text, "p4ssword") {
				t.Errorf("a secret shows in %s: %s", key, text)
			}
		}
		if got := l.File("prowjob.json"); !strings.Contains(got, "12345678901234567890") || !strings.Contains(got, "--token=*******") {
			t.Errorf("prowjob.json is %s", got)
		}
		var report logs.PodReport
		if err := json.Unmarshal([]byte(l.File("podinfo.json")), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Pods) != 1 || report.Pod == nil {
			t.Fatalf("report is %+v", report)
		}
		main := report.Pod.Spec.Containers[0]
		if main.Env[0].ValueFrom == nil || main.Env[1].Value != "x-*******-x" || main.Args[0] != "--token=*******" {
			t.Errorf("the container is %+v", main)
		}
		if len(report.Events) != 1 || report.Events[0].Message != "command --token=******* failed" {
			t.Errorf("events are %+v", report.Events)
		}
	})
}

func TestPodsAndTheirEventsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		first := l.Pod("p1", "build", "test")
		l.Pods[0].Status.Phase = corev1.PodSucceeded
		began := time.Now()
		api := apiServer(l, nothing,
			eventOf("e2", "p1-uid", "Pulled", "", began.Add(time.Second)), eventOf("e1", "p1-uid", "Scheduled", "", began), eventOf("e3", "other", "Killing", "", began))
		l.Options.API = api
		l.Start(l.Store)
		l.Kubelet.Print(first[0], logstest.Line("one"))
		l.Observe()
		time.Sleep(time.Second)
		l.Stop()
		time.Sleep(time.Second)
		// Pod and events are gone when another process takes over; the second pod fails.
		for _, o := range []client.Object{&l.Pods[0], eventOf("e1", "", "", "", began), eventOf("e2", "", "", "", began)} {
			if err := api.Delete(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		l.Remove("p1")
		second := l.Pod("p2", "deploy", "push")
		l.Pods[0].Status.Phase = corev1.PodRunning
		created := l.Pods[0].DeepCopy()
		created.ResourceVersion = ""
		if err := api.Create(t.Context(), created); err != nil {
			t.Fatal(err)
		}
		l.Start(l.Store)
		defer l.Stop()
		l.Observe()
		time.Sleep(time.Second)
		l.End(second[0], 1)
		l.Pods[0].Status.Phase = corev1.PodFailed
		created.Status.Phase = corev1.PodFailed
		if err := errors.Join(api.Status().Update(t.Context(), created), api.Create(t.Context(), eventOf("e4", "p2-uid", "BackOff", "", time.Now()))); err != nil {
			t.Fatal(err)
		}
		l.Finish(v1alpha1.StateFailure)
		l.Observe()
		l.Archived()
		report, err := logs.LoadPods(t.Context(), l.Store, logstest.RunPath)
		if err != nil {
			t.Fatal(err)
		}
		reasons := func(info logs.PodInfo) string {
			text := info.Pod.Name + ":"
			for _, e := range info.Events {
				text += " " + e.Reason
			}
			return text
		}
		got := []string{"main " + reasons(report.PodInfo)}
		for _, info := range report.Pods {
			got = append(got, reasons(info))
		}
		if diff := cmp.Diff([]string{"main p2: BackOff", "p1: Scheduled Pulled", "p2: BackOff"}, got); diff != "" {
			t.Errorf("pods (-want +got):\n%s", diff)
		}
	})
}

func TestAnAPIServerThatFailsForAWhileHidesSecretsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		refs := l.Pod("p1", "build", "test")
		giveSecrets(l)
		tries := 0
		l.Options.API = apiServer(l, func(name string) error {
			if name == "mounted" {
				if tries++; tries < 4 {
					return apierrors.NewInternalError(errors.New("no leader"))
				}
			}
			return nil
		}, secretOf("mounted", corev1.SecretTypeOpaque, map[string]string{"token": "m0unted"}))
		l.Start(l.Store)
		defer l.Stop()
		l.Kubelet.Print(refs[0], logstest.Line("m0unted"))
		l.Observe()
		time.Sleep(time.Minute)
		l.Succeed(refs[0])
		if got := l.File("build-log.txt"); got != "*******\n" {
			t.Errorf("log is %q", got)
		}
		if got := l.StepOf(refs[0]).Uncensored; got != "" {
			t.Errorf("not known: %s", got)
		}
	})
}
