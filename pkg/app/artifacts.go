package app

import (
	"fmt"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/artifacts"
)

// addArtifacts opens the door for the files of runs, if their pods are told where it is.
func (s *server) addArtifacts() error {
	if s.ArtifactsURL == "" {
		log.Log.Info("no artifacts of PodSpec jobs are kept: --artifacts-url does not say how pods reach this server")
		return nil
	}
	c := s.config.Current()
	cluster, err := kubernetes.NewForConfig(s.rest)
	if err != nil {
		return fmt.Errorf("open the cluster: %w", err)
	}
	return s.Add(artifacts.NewServer(s.ArtifactsAddress, artifacts.NewHandler(artifacts.Options{
		Reviewer: artifacts.NewReviewer(cluster.AuthenticationV1().TokenReviews(), nil),
		Runs:     &artifacts.Runs{Cache: s.GetCache(), Live: s.GetAPIReader(), Namespace: c.ProwJobNamespace},
		Store:    s.store, Layout: layout(c),
	})))
}
