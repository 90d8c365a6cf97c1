package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of both resources.
var GroupVersion = schema.GroupVersion{Group: "pharos-ci.dev", Version: "v1alpha1"}

// AddToScheme registers both resources.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &Delivery{}, &DeliveryList{}, &PipelineJob{}, &PipelineJobList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
