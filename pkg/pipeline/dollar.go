package pipeline

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Two programs look for $(...) in a step before it runs: Tekton replaces the names it knows and refuses unknown ones below
// its own prefixes, then the kubelet replaces names of environment variables, leaves unknown ones alone and reads $$ as $.
// Tekton has no escape. So where Tekton must not see a dollar, this environment variable, whose value is one dollar, stands
// in for it until the kubelet puts it back.
const (
	dollarName = "PHAROS_DOLLAR"
	dollarRef  = "$(" + dollarName + ")"
)

var (
	dollarVariable = corev1.EnvVar{Name: dollarName, Value: "$"}
	tektonName     = regexp.MustCompile(`^\((params|inputs|outputs|resources|context|tasks|finally|workspaces|results|steps|step|stepResults|artifacts|credentials)[.\[]`)
)

// literal writes a value that must arrive exactly as it is.
func literal(value string) string { return strings.ReplaceAll(value, "$", dollarRef) }

// hideFromTekton writes text of a container so that it means what it would mean in a plain pod.
func hideFromTekton(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			out.WriteByte(text[i])
			continue
		}
		escaped := i+1 < len(text) && text[i+1] == '$'
		if escaped {
			i++
		}
		switch {
		case tektonName.MatchString(text[i+1:]):
			out.WriteString(dollarRef)
		case escaped:
			out.WriteString("$$")
		default:
			out.WriteByte('$')
		}
	}
	return out.String()
}

func hideContainer(c *corev1.Container) {
	for i := range c.Command {
		c.Command[i] = hideFromTekton(c.Command[i])
	}
	for i := range c.Args {
		c.Args[i] = hideFromTekton(c.Args[i])
	}
	for i := range c.Env {
		c.Env[i].Value = hideFromTekton(c.Env[i].Value)
	}
}

// paramValue writes a value for a Tekton parameter, where a $( cannot be written at all: a space takes its meaning away.
func paramValue(value string) string { return strings.ReplaceAll(value, "$(", "$ (") }

// plainJSON writes a document without dollars, by JSON's own escape.
func plainJSON(raw []byte) string { return strings.ReplaceAll(string(raw), "$", `\u0024`) }
