// Package strictyaml turns one YAML file into typed values and says exactly, with line and column, what is wrong with it.
//
// It takes the bytes of a file and a pointer to a value whose fields carry `json` tags, because the Kubernetes and Tekton
// types inside a job carry no other. One walk over the parsed tree fills the value: there is no detour through JSON but for
// types that decode themselves. Every key must be known, every value of its type, and all problems of a file are reported
// at once. What the loose readers of Prow would have let pass (a key nobody knows, a key given twice) is marked [Problem.Loose],
// so that the caller chooses.
//
// It reads no files, knows nothing of what the values mean, and bounds what aliases may expand to, because some files come
// from pull requests.
package strictyaml
