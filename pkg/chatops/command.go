package chatops

import (
	"regexp"
	"strings"
)

// Invocation is one command line of a comment.
type Invocation struct {
	// Name is the command in lower case, without slash and prefix.
	Name string
	// Args is the rest of the line, trimmed.
	Args string
}

// GitLab runs some bare commands itself and removes them from the comment, hence the two prefixes.
var commandLine = regexp.MustCompile(`(?i)^/(?:lh-|pharos-)?([a-z][a-z0-9-]*)(?:[ \t]+(.*))?$`)

// Commands reads the command lines of a comment in order. Only lines that start with a slash count; code blocks, quotes
// and HTML comments do not.
func Commands(body string) []Invocation {
	if !strings.Contains(body, "/") {
		return nil
	}
	var found []Invocation
	for line := range strings.Lines(Plain(body)) {
		m := commandLine.FindStringSubmatch(strings.TrimRight(line, " \t\r\n"))
		if m != nil {
			found = append(found, Invocation{Name: strings.ToLower(m[1]), Args: strings.TrimSpace(m[2])})
		}
	}
	return found
}

// Plain is the part of a comment that its author says himself: without fenced or indented code, quoted lines and HTML
// comments. Prefixed commands are written in their short form, so that patterns of jobs match them too.
func Plain(body string) string {
	var b strings.Builder
	var fence string
	for line := range strings.Lines(htmlComment.ReplaceAllString(body, "")) {
		trimmed := strings.TrimLeft(line, " ")
		switch indent := len(line) - len(trimmed); {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) && strings.TrimRight(strings.TrimLeft(trimmed, fence[:1]), " \r\n") == "" {
				fence = ""
			}
		case indent < 4 && fenceOf(trimmed) != "":
			fence = fenceOf(trimmed)
		case indent >= 4, strings.HasPrefix(trimmed, "\t"), strings.HasPrefix(trimmed, ">"):
		default:
			b.WriteString(prefixed.ReplaceAllString(line, "/"))
		}
	}
	return b.String()
}

var (
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	prefixed    = regexp.MustCompile(`(?i)^/(?:lh-|pharos-)`)
)

// fenceOf is the run of three or more backticks or tildes that opens a code block, else empty.
func fenceOf(line string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}
