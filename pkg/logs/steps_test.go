package logs_test

import (
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/logs"
)

func TestLongMessagesAreShortened(t *testing.T) {
	var s logs.StepInfo
	s.SetMessage(strings.Repeat("ä", 1500))
	if got := s.Message; len(got) > 1<<10 || len(got) < 1000 || !strings.HasSuffix(got, "ä…") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	if s.SetMessage("short"); s.Message != "short" {
		t.Errorf("got %q", s.Message)
	}
}
