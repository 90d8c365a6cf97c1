package lifecycle

import (
	"slices"
	"strings"
	"testing"
)

func TestChooseAddsWhatPartsNeed(t *testing.T) {
	for list, want := range map[string]string{
		"api":       "etcd apiserver",
		"s3, gitea": "gitea s3",
		"tekton":    "etcd apiserver tekton",
		"kubelet":   "etcd apiserver controller-manager containerd kubelet",
		"api,s3":    "etcd apiserver s3",
		"all":       strings.Join(partNames(parts()), " "),
	} {
		got, err := choose(list)
		if err != nil {
			t.Errorf("choose(%q): %v", list, err)
		}
		if names := strings.Join(partNames(got), " "); names != want {
			t.Errorf("choose(%q) = %s, want %s", list, names, want)
		}
	}
	if _, err := choose("api,nonsense"); err == nil {
		t.Error("an unknown part was accepted")
	}
}

func TestEveryPartIsStoppedAndComesAfterItsNeeds(t *testing.T) {
	var stopped []string
	for _, row := range stopOrder {
		stopped = append(stopped, row...)
	}
	var before []string
	for _, p := range parts() {
		if !slices.Contains(stopped, p.name) {
			t.Errorf("%s is never stopped", p.name)
		}
		for _, n := range p.needs {
			if !slices.Contains(before, n) {
				t.Errorf("%s is listed before %s, which it needs", p.name, n)
			}
		}
		before = append(before, p.name)
	}
}
