package chatops_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/chatops"
)

func TestCommands(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want []chatops.Invocation
	}{
		"one command": {"/test unit", []chatops.Invocation{{Name: "test", Args: "unit"}}},
		"several commands keep their order": {
			"/ok-to-test\nthank you\n/test a b\r\n/retest",
			[]chatops.Invocation{{Name: "ok-to-test"}, {Name: "test", Args: "a b"}, {Name: "retest"}},
		},
		"prefixes that GitLab leaves alone mean the same": {
			"/lh-test a\n/pharos-retest",
			[]chatops.Invocation{{Name: "test", Args: "a"}, {Name: "retest"}},
		},
		"case does not matter for the name, but stays in the arguments": {"/TEST Unit", []chatops.Invocation{{Name: "test", Args: "Unit"}}},
		"a command in the middle of a line is prose":                    {"please /test all", nil},
		"a quoted command is ignored":                                   {"> /test all", nil},
		"a fenced command is ignored":                                   {"```sh\n/test all\n```\n/retest", []chatops.Invocation{{Name: "retest"}}},
		"a shorter fence inside does not end the block":                 {"````\n```\n/test all\n````", nil},
		"an unclosed fence runs to the end":                             {"~~~\n/test all", nil},
		"indented code is ignored":                                      {"    /test all", nil},
		"a hidden comment is ignored":                                   {"<!-- /test all\n/retest -->", nil},
		"a path is no command":                                          {"/usr/bin/env", nil},
		"an empty comment has none":                                     {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, chatops.Commands(tc.body)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzCommands(f *testing.F) {
	f.Add("/test all\n```\n/x\n```")
	f.Add("<!-- /a --> ~~~~ >")
	f.Fuzz(func(t *testing.T, body string) {
		for _, c := range chatops.Commands(body) {
			if c.Name == "" {
				t.Errorf("%q gave a command without a name", body)
			}
		}
	})
}
