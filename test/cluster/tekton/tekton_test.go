package tekton

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/test/cluster/kube"
)

func TestManifestsAreFittedToANodeWithoutAPodNetwork(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"conversion goes with the webhook": {
			"kind: CustomResourceDefinition\nspec: {group: g, conversion: {strategy: Webhook}}",
			"kind: CustomResourceDefinition\nspec: {group: g}",
		},
		"pods join the host's network": {
			"kind: ConfigMap\nmetadata: {name: config-defaults}",
			"kind: ConfigMap\nmetadata: {name: config-defaults}\ndata: {default-pod-template: \"hostNetwork: true\\ndnsPolicy: Default\\n\"}",
		},
		"other objects stay": {
			"kind: ConfigMap\nmetadata: {name: config-events}\ndata: {a: b}",
			"kind: ConfigMap\nmetadata: {name: config-events}\ndata: {a: b}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := kube.ParseObjects([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			want, err := kube.ParseObjects([]byte(tc.want))
			if err != nil {
				t.Fatal(err)
			}
			adapt(got[0])
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("object (-want +got):\n%s", diff)
			}
		})
	}
}
