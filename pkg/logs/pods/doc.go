// Package pods says what the pods of a run tell about its log: the containers ([Containers]) with their states, restarts and
// ends, the steps that these are ([Merge]), and the Secrets that they are given ([SecretNames], [SecretValues]).
//
// It takes pods as values and knows Tekton's conventions for them; pods that do not follow these are sidecars without steps.
// It asks the cluster for nothing but the list of a run's pods, and never writes to it.
package pods
