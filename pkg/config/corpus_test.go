package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pharos-ci/pharos/pkg/config"
)

// corpora are real configurations of others; they are not part of this repository, CORPUS names their folder.
var corpora = map[string]config.Paths{
	"cert-manager":    {Config: "config.yaml", Plugins: "plugins.yaml", Jobs: "jobs"},
	"metal3":          {Config: "config/config.yaml", Plugins: "config/plugins.yaml", Jobs: "config/jobs"},
	"ti-community":    {Config: "prow/config/config.yaml", Plugins: "prow/config/plugins.yaml", Jobs: "prow/jobs"},
	"test-infra-part": {Config: "config.yaml", Plugins: "plugins.yaml", Jobs: "jobs"},
}

func corpus(name string) config.Paths {
	p := corpora[name]
	root := filepath.Join(os.Getenv("CORPUS"), name)
	return config.Paths{Config: filepath.Join(root, p.Config), Plugins: filepath.Join(root, p.Plugins), Jobs: filepath.Join(root, p.Jobs)}
}

func TestCorporaLoadWithoutAnError(t *testing.T) {
	if os.Getenv("CORPUS") == "" {
		return // the other tests prove the loader; this one adds other people's files where they are at hand
	}
	for name := range corpora {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(corpus(name))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.Warnings {
				t.Log(w)
			}
			t.Logf("%d repositories, %d periodics", len(c.Jobs.Repos()), len(c.Jobs.Periodics()))
		})
	}
}
