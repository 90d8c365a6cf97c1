// Package v1alpha1 holds the two custom resources of Pharos: [Delivery], a stored webhook, and [PipelineJob], one run of
// one job. It is data and markers only; behaviour lives in the packages that act on them.
//
// +kubebuilder:object:generate=true
// +groupName=pharos-ci.dev
package v1alpha1
