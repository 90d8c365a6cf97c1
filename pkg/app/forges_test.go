package app

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
)

var update = flag.Bool("update", false, "write the table of forges into the README")

// forgeColumns are the kinds as the README shows them.
var forgeColumns = []struct{ kind, title string }{
	{"gitea", "Gitea, Forgejo"}, {"github", "GitHub"}, {"gitlab", "GitLab"},
	{"bitbucketcloud", "Bitbucket Cloud"}, {"bitbucketserver", "Bitbucket Data Center"},
}

func yes(has bool) string {
	if has {
		return "yes"
	}
	return "–"
}

// forgeRows are what the README tells of a forge.
var forgeRows = []struct {
	title string
	cell  func(scm.Capabilities) string
}{
	{"labels of pull requests", func(c scm.Capabilities) string {
		if c.EmulatedLabels {
			return "kept in a comment"
		}
		return "yes"
	}},
	{"issues", func(c scm.Capabilities) string { return yes(c.Issues) }},
	{"milestones of pull requests", func(c scm.Capabilities) string { return yes(c.Milestones) }},
	{"drafts", func(c scm.Capabilities) string { return yes(c.Drafts) }},
	{"a closed pull request can be opened again", func(c scm.Capabilities) string { return yes(c.Reopen) }},
	{"reviews that ask for changes", func(c scm.Capabilities) string { return yes(c.RequestChanges) }},
	{"review requests", func(c scm.Capabilities) string { return yes(c.ReviewRequests) }},
	{"assignees", func(c scm.Capabilities) string { return yes(c.Assignees) }},
	{"teams", func(c scm.Capabilities) string { return yes(c.Teams) }},
	{"merge methods", func(c scm.Capabilities) string {
		var names []string
		for _, m := range c.MergeMethods {
			names = append(names, string(m))
		}
		return strings.Join(names, ", ")
	}},
	{"the forge itself refuses to merge a head that moved", func(c scm.Capabilities) string { return yes(c.HeadGuard) }},
	{"people are known by", func(c scm.Capabilities) string {
		if c.OpenNames {
			return "account id"
		}
		return "login"
	}},
	{"git fetches a pull request from", func(c scm.Capabilities) string {
		if c.PullHeadRef == "" {
			return "its branch"
		}
		return "`" + strings.ReplaceAll(c.PullHeadRef, "%d", "N") + "`"
	}},
	{"longest description of a status", func(c scm.Capabilities) string {
		if c.StatusDescriptionLimit == 0 {
			return "–"
		}
		return fmt.Sprint(c.StatusDescriptionLimit)
	}},
	{"webhooks of whole organisations", func(c scm.Capabilities) string { return yes(c.OrgHooks) }},
	{"failed webhooks are asked for again", func(c scm.Capabilities) string { return yes(c.Redelivery) }},
	{"webhooks tell of deleted comments", func(c scm.Capabilities) string { return yes(c.CommentDeletions) }},
	{"… of comments on lines, with the place", func(c scm.Capabilities) string { return yes(c.InlineComments) }},
	{"… of withdrawn verdicts", func(c scm.Capabilities) string { return yes(c.Dismissals) }},
	{"… of others' statuses", func(c scm.Capabilities) string { return yes(c.StatusEvents) }},
	{"… of pull requests opened again", func(c scm.Capabilities) string { return yes(c.ReopenEvents) }},
	{"… of what an edit changed", func(c scm.Capabilities) string { return yes(c.EditDetails) }},
	{"commands that the forge takes for its own", func(c scm.Capabilities) string {
		if len(c.ReservedCommands) == 0 {
			return "–"
		}
		return fmt.Sprint(len(c.ReservedCommands), " such as ", strings.Join(reservedOfProw(c.ReservedCommands), ", "))
	}},
	{"cases of the drivers' contract that it has no part in", func(c scm.Capabilities) string {
		if gaps := contract.Gaps(c); len(gaps) > 0 {
			return strings.Join(gaps, "; ")
		}
		return "none"
	}},
}

// reservedOfProw are those that Prow's users write.
func reservedOfProw(all []string) []string {
	var some []string
	for _, name := range []string{"approve", "assign", "close", "label", "reopen"} {
		if slices.Contains(all, name) {
			some = append(some, "`/"+name+"`")
		}
	}
	return some
}

func forgeTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("|")
	for _, c := range forgeColumns {
		b.WriteString(" | " + c.title)
	}
	b.WriteString(" |\n|---" + strings.Repeat("|---", len(forgeColumns)) + "|\n")
	for _, row := range forgeRows {
		b.WriteString("| " + row.title)
		for _, c := range forgeColumns {
			client, err := drivers[c.kind].Open(scm.Account{Connection: "main", URL: "https://forge.test", Credentials: scm.Credentials{Token: "t"}, HTTP: http.DefaultClient})
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(" | " + row.cell(client.Capabilities))
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

func TestTheReadmeShowsWhatEveryForgeHas(t *testing.T) {
	const begin, end = "<!-- forges, by go test ./pkg/app -update -->\n", "<!-- end of forges -->"
	file := filepath.Join("..", "..", "README.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("the README has no %q ... %q", begin, end)
	}
	want := before + begin + forgeTable(t) + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("the README's table of forges is out of date: run go test ./pkg/app -update")
	}
}

func TestEveryKindOfForgeHasADriver(t *testing.T) {
	if len(drivers) != len(config.Kinds) || len(forgeColumns) != len(drivers) {
		t.Errorf("%d drivers, %d kinds in the configuration, %d columns in the README", len(drivers), len(config.Kinds), len(forgeColumns))
	}
	for _, kind := range config.Kinds {
		if drivers[kind] == nil {
			t.Errorf("kind %s has no driver", kind)
		}
	}
}
