package inrepo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// variables are Pipelines-as-Code's {{ names }} and their values for an event. They are taken out of a file before it is
// parsed and put back into the text of its scalars afterwards, so that a value written without quotes works as it does there
// and no value can change what the YAML means.
type variables struct {
	values map[string]string
	// tokens stand for values while the YAML is parsed.
	names []string
}

// gitAuthSecret is the name that stands for a secret with the repository's login, which no run is given.
const gitAuthSecret = "pharos-no-git-auth"

var (
	variable = regexp.MustCompile(`\{\{\s*([a-z_]+)\s*\}\}`)
	token    = regexp.MustCompile(`xPHAROSVAR([0-9]{1,6})x`)
)

func newVariables(e *Event, namespace string) *variables {
	number := ""
	if e.pull() {
		number = strconv.Itoa(e.Refs.Pulls[0].Number)
	}
	tag, _ := strings.CutPrefix(e.Refs.BaseRef, "refs/tags/")
	if tag == e.Refs.BaseRef {
		tag = ""
	}
	oneLine := strings.NewReplacer("\r\n", `\n`, "\n", `\n`)
	return &variables{values: map[string]string{
		"revision":            e.revision(),
		"repo_url":            strings.TrimSuffix(e.Refs.CloneURI, ".git"),
		"repo_owner":          strings.ToLower(e.Repo.Org),
		"repo_name":           strings.ToLower(e.Repo.Name),
		"target_branch":       short(e.Refs.BaseRef),
		"source_branch":       short(e.sourceBranch()),
		"git_tag":             tag,
		"source_url":          e.sourceURL(),
		"sender":              strings.ToLower(e.Sender),
		"event":               e.kind(),
		"event_type":          e.kind(),
		"target_namespace":    namespace,
		"pull_request_number": number,
		"pull_request_labels": strings.Join(e.Labels, `\n`),
		"trigger_comment":     oneLine.Replace(e.Comment),
		"git_auth_secret":     gitAuthSecret,
	}}
}

func short(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
}

// hide replaces variables by tokens; names that are not known stay as they are.
func (v *variables) hide(text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		name := variable.FindStringSubmatch(found)[1]
		if _, ok := v.values[name]; !ok {
			return found
		}
		v.names = append(v.names, name)
		return fmt.Sprintf("xPHAROSVAR%dx", len(v.names)-1)
	})
}

// show replaces tokens by values.
func (v *variables) show(text string) string {
	if !strings.Contains(text, "xPHAROSVAR") {
		return text
	}
	return token.ReplaceAllStringFunc(text, func(found string) string {
		i, err := strconv.Atoi(token.FindStringSubmatch(found)[1])
		if err != nil || i >= len(v.names) {
			return found
		}
		return v.values[v.names[i]]
	})
}
