package rush_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pharos-ci/pharos/pkg/rush"
)

func TestARushLastsUntilItsLastPieceEndedAMomentAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rush.Rush
		expect := func(want bool) {
			t.Helper()
			if r.On() != want {
				t.Errorf("On = %v, want %v", !want, want)
			}
		}
		expect(false)
		first, second := r.Begin(), r.Begin()
		expect(true)
		first()
		first() // ends once
		expect(true)
		second()
		expect(true)
		time.Sleep(rush.Linger)
		expect(false)
	})
}

func TestPassingWaitsForCalmAndNoLongerThanItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rush.Rush
		passed := func() time.Duration {
			start := time.Now()
			r.Pass(t.Context(), time.Second)
			return time.Since(start)
		}
		if took := passed(); took != 0 {
			t.Errorf("waited %v in calm", took)
		}
		end := r.Begin()
		if took := passed(); took != time.Second {
			t.Errorf("waited %v through a rush, want the limit", took)
		}
		time.AfterFunc(time.Millisecond, end)
		if took := passed(); took != time.Millisecond {
			t.Errorf("waited %v, want until the end", took)
		}
	})
}

func TestWithoutARushAllIsCalm(t *testing.T) {
	var none *rush.Rush
	none.Begin()()
	none.Pass(t.Context(), time.Hour)
	if none.On() {
		t.Error("nil is on")
	}
}
