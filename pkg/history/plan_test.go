package history_test

import (
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/history"
)

// The tables that grow with the number of runs are runs, objects and terms.
func TestNoQuestionReadsATableThatGrowsFromEndToEnd(t *testing.T) {
	s, jobs := open(t), corpus(300)
	put(t, s, jobs...)
	for who, visible := range visibilities {
		for _, f := range filters(jobs) {
			for name, plan := range s.Plans(t, f, visible) {
				for line := range strings.SplitSeq(plan, "\n") {
					for _, table := range []string{"r", "o", "t", "x", "n"} {
						if strings.HasPrefix(line, "SCAN "+table+" ") || line == "SCAN "+table {
							t.Fatalf("%s, %+v: %s reads a whole table:\n%s", who, f, name, plan)
						}
					}
					if strings.Contains(line, "TEMP B-TREE") {
						t.Fatalf("%s, %+v: %s sorts:\n%s", who, f, name, plan)
					}
				}
			}
		}
	}
}

func TestTermsAreFoundByTheRarest(t *testing.T) {
	s := open(t)
	put(t, s, corpus(10)...)
	plan := s.Plans(t, history.Filter{Author: "alice", Pull: 3, Repo: "acme/web"}, visibilities["one"])["terms"]
	for _, want := range []string{
		"SEARCH t USING PRIMARY KEY (term=? AND run>? AND run<?)", "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)",
		"SEARCH x ", "SEARCH n USING PRIMARY KEY (series=?)",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan lacks %q:\n%s", want, plan)
		}
	}
}
