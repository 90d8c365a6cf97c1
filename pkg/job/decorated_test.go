package job_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
)

func TestARunCarriesTheMergedDecoration(t *testing.T) {
	read := func(text string) *job.DecorationConfig {
		d := &job.DecorationConfig{}
		if err := json.Unmarshal([]byte(text), d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	yes := true
	b := base("a")
	b.Decorate = &yes
	b.Cluster = "big"
	b.Spec.Containers[0].Args = []string{"test"}
	b.ExtraRefs = []job.ExtraRef{{Refs: v1alpha1.Refs{Org: "acme", Repo: "tools"}}, {Refs: v1alpha1.Refs{Org: "acme", Repo: "whole", BloblessFetch: new(bool)}}}
	b.DecorationConfig = read(`{"grace_period": "1m", "ssh_key_secrets": ["job-key"], "censoring_options": {"minimum_secret_length": 4},
		"resources": {"clonerefs": {"requests": {"cpu": "1"}}}, "scheduling_options": {"tolerations": [{"key": "ci"}]}, "run_as_user": 7}`)
	defaults := job.Defaults{Decoration: []job.DecorationEntry{
		{Config: read(`{"timeout": "3h", "ssh_key_secrets": ["default-key"], "cookiefile_secret": "cookies", "censor_secrets": true,
			"blobless_fetch": true, "sparse_checkout_files": ["src/"], "ssh_host_fingerprints": ["h k"], "run_as_user": 1, "run_as_group": 2, "fs_group": 3,
			"default_service_account_name": "builder", "set_limit_equals_memory_request": true, "default_memory_request": "1Gi",
			"gcs_configuration": {"compress_file_types": ["txt"], "mediaTypes": {"log": "text/plain"}}}`)},
		{Cluster: "big", Config: read(`{"timeout": "4h", "pod_pending_timeout": "20m"}`)},
		{Repo: "other", Config: read(`{"timeout": "5h", "skip_cloning": true}`)},
	}}
	set := compile(t, job.Static{Presubmits: map[string][]*job.Presubmit{"acme/app": {{Base: b, AlwaysRun: true}}}}, defaults)
	got, err := job.Presubmits(set.Presubmits(app), "main", job.Ask{Auto: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pj := job.New(got[0], cause(), "1")
	number := func(n int64) *int64 { return &n }
	gigabyte := resource.MustParse("1Gi")
	want := &v1alpha1.Decoration{
		Timeout: metav1.Duration{Duration: 4 * time.Hour}, GracePeriod: metav1.Duration{Duration: time.Minute},
		PodPendingTimeout: &metav1.Duration{Duration: 20 * time.Minute},
		Resources: v1alpha1.DecorationResources{CloneRefs: &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}},
		DefaultServiceAccountName: "builder", SSHKeySecrets: []string{"job-key"}, SSHHostFingerprints: []string{"h k"},
		CookiefileSecret: "cookies", CensorSecrets: true, CensoringOptions: v1alpha1.CensoringOptions{MinimumSecretLength: 4},
		GCSConfiguration:     v1alpha1.ArtifactForm{CompressFileTypes: []string{"txt"}, MediaTypes: map[string]string{"log": "text/plain"}},
		DefaultMemoryRequest: &gigabyte, SetLimitEqualsMemoryRequest: true,
		SchedulingOptions: v1alpha1.PodScheduling{Tolerations: []corev1.Toleration{{Key: "ci"}}},
		RunAsUser:         number(7), RunAsGroup: number(2), FsGroup: number(3),
	}
	if diff := cmp.Diff(want, pj.Spec.DecorationConfig); diff != "" {
		t.Errorf("decoration (-want +got):\n%s", diff)
	}
	if r := pj.Spec.Refs; r.BloblessFetch == nil || !*r.BloblessFetch || !cmp.Equal(r.SparseCheckoutFiles, []string{"src/"}) {
		t.Errorf("refs %+v, want a thin clone of the repository under test", r)
	}
	if extra := pj.Spec.ExtraRefs; !*extra[0].BloblessFetch || *extra[1].BloblessFetch || extra[0].SparseCheckoutFiles != nil {
		t.Errorf("extra refs %+v, want blobless where they are silent, and all files", extra)
	}
}
