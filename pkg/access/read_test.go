package access_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func TestWhoMayReadARepository(t *testing.T) {
	for name, tc := range map[string]struct {
		reading access.Reading
		user    *login.User
		repo    scm.Repo
		want    bool
	}{
		"a public one anybody":                                {"", nil, repo("acme/app"), true},
		"a public one a user of another connection":           {"", foreign, repo("acme/app"), true},
		"a private one nobody in particular":                  {"", nil, repo("acme/secret"), false},
		"a private one its reader":                            {"", alice, repo("acme/secret"), true},
		"a private one not another user":                      {"", bob, repo("acme/secret"), false},
		"a private one not the reader's namesake elsewhere":   {"", foreign, repo("acme/secret"), false},
		"one that there is not nobody":                        {"", alice, repo("acme/gone"), false},
		"one of a connection that there is not nobody":        {"", alice, scm.Repo{Connection: "gone", Org: "acme", Name: "app"}, false},
		"a public one of members nobody in particular":        {access.ReadMembers, nil, repo("acme/app"), false},
		"a public one of members not those of another forge":  {access.ReadMembers, foreign, repo("acme/app"), false},
		"a public one of members a member":                    {access.ReadMembers, bob, repo("acme/app"), true},
		"a private one of members not another member":         {access.ReadMembers, bob, repo("acme/secret"), false},
		"a private one anybody where a door of its own is":    {access.ReadAll, nil, repo("acme/secret"), true},
		"one that there is not anybody where such a door is":  {access.ReadAll, nil, repo("acme/gone"), true},
		"a public one anybody where that is said in full":     {access.ReadPublic, nil, repo("acme/app"), true},
		"a private one its reader where that is said in full": {access.ReadPublic, alice, repo("acme/secret"), true},
		"a hidden one nobody in particular":                   {"", nil, repo("acme/hidden"), false},
		"a hidden one its reader":                             {"", alice, repo("acme/hidden"), true},
		"a hidden one not another user":                       {"", bob, repo("acme/hidden"), false},
		"a public one not nobody by a way that is unknown":    {"nonsense", nil, repo("acme/app"), false},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInstall(nil)
			i.settings.Reading = tc.reading
			i.settings.Hidden = func(r scm.Repo) bool { return r.Name == "hidden" }
			i.main.repos = map[string]bool{"acme/app": false, "acme/secret": true, "acme/hidden": false}
			i.main.permissions["acme/secret alice"] = scm.PermissionRead
			i.main.permissions["acme/hidden alice"] = scm.PermissionRead
			got, err := i.MayRead(t.Context(), tc.user, tc.repo)
			if err != nil || got != tc.want {
				t.Errorf("may read is %v, %v", got, err)
			}
			seen := i.visible(t, tc.user, []scm.Repo{tc.repo})
			if (seen == 1) != tc.want {
				t.Errorf("%d of 1 is visible", seen)
			}
		})
	}
}

func TestAnswersAreBelievedForMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		i.main.repos["acme/secret"] = true
		i.main.permissions["acme/secret alice"] = scm.PermissionRead
		read := func(calls string, want bool) {
			t.Helper()
			got, err := i.MayRead(t.Context(), alice, repo("acme/secret"))
			if err != nil || got != want {
				t.Errorf("may read is %v, %v", got, err)
			}
			if diff := cmp.Diff(calls, i.main.count()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		}
		read("get×1 permission×1", true)
		delete(i.main.permissions, "acme/secret alice")
		time.Sleep(2*time.Minute - time.Second)
		read("", true)
		time.Sleep(time.Second)
		read("permission×1", false)
		i.main.repos["acme/secret"] = false
		time.Sleep(8*time.Minute - time.Second)
		read("permission×1", false)
		time.Sleep(time.Second)
		read("get×1", true)
	})
}

func TestWhileTheForgeIsDownOldAnswersServeForAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		i.main.repos["acme/secret"] = true
		i.main.permissions["acme/secret alice"] = scm.PermissionRead
		if ok, err := i.MayRead(t.Context(), alice, repo("acme/secret")); !ok || err != nil {
			t.Fatalf("may read is %v, %v", ok, err)
		}
		i.main.err = scm.ErrTransient
		time.Sleep(15*time.Minute - time.Second)
		if ok, err := i.MayRead(t.Context(), alice, repo("acme/secret")); !ok || err != nil {
			t.Errorf("after less than 15 minutes may read is %v, %v", ok, err)
		}
		if v, err := i.MayRerun(t.Context(), alice, run("acme/secret")); v.Allowed || err == nil {
			t.Errorf("old answers serve for reading alone: %v, %v", v, err)
		}
		if ok, err := i.MayRead(t.Context(), bob, repo("acme/secret")); ok || !errors.Is(err, scm.ErrTransient) {
			t.Errorf("of somebody new, may read is %v, %v", ok, err)
		}
		time.Sleep(time.Second)
		if ok, err := i.MayRead(t.Context(), alice, repo("acme/secret")); ok || !errors.Is(err, scm.ErrTransient) {
			t.Errorf("after 15 minutes may read is %v, %v", ok, err)
		}
		seen, err := i.Visible(t.Context(), alice, []scm.Repo{repo("acme/secret"), {Connection: "other", Org: "a", Name: "b"}})
		var left *access.UndecidedError
		if len(seen) > 0 || !errors.As(err, &left) || !cmp.Equal(left.Repos, []scm.Repo{repo("acme/secret")}) {
			t.Errorf("visible are %v, %v", seen, err)
		}
	})
}

func TestARefusalOfTheForgeIsNotMendedByOldAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		i.main.repos["acme/secret"] = true
		i.main.permissions["acme/secret alice"] = scm.PermissionRead
		if ok, err := i.MayRead(t.Context(), alice, repo("acme/secret")); !ok || err != nil {
			t.Fatalf("may read is %v, %v", ok, err)
		}
		i.main.err = scm.ErrForbidden
		time.Sleep(2 * time.Minute)
		if ok, err := i.MayRead(t.Context(), alice, repo("acme/secret")); ok || !errors.Is(err, scm.ErrForbidden) {
			t.Errorf("may read is %v, %v", ok, err)
		}
	})
}

func TestALongListCostsFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		public := i.many(2000, false)
		page := func(calls string, user *login.User, repos []scm.Repo, want int) {
			t.Helper()
			if got := i.visible(t, user, repos); got != want {
				t.Errorf("%d are visible, want %d", got, want)
			}
			synctest.Wait()
			if diff := cmp.Diff(calls, i.main.count()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		}
		page("list×1", nil, public, 2000)
		page("", alice, public, 2000)
		time.Sleep(10 * time.Minute)
		page("list×1", nil, public, 2000) // behind an old answer
		page("", nil, public, 2000)

		private := i.many(2000, true)
		for _, r := range private[:1500] {
			i.main.permissions[r.FullName()+" alice"] = scm.PermissionRead
		}
		time.Sleep(15 * time.Minute)
		page("list×1", nil, private, 0)
		page("permission×2000", alice, private, 1500)
		page("", alice, private, 1500)
		page("permission×2000", bob, private, 0)
		if i.main.most > 8 {
			t.Errorf("%d calls at once", i.main.most)
		}
	})
}

func TestAListDoesNotWaitLongForASlowForge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		private := i.many(100, true)
		for _, r := range private {
			i.main.permissions[r.FullName()+" alice"] = scm.PermissionRead
		}
		i.main.takes = time.Second
		began := time.Now()
		seen, err := i.Visible(t.Context(), alice, private)
		var left *access.UndecidedError
		if !errors.As(err, &left) || len(seen)+len(left.Repos) != 100 || len(seen) == 0 {
			t.Errorf("%d are visible, %v", len(seen), err)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("the reader waits %v", waited)
		}
		time.Sleep(time.Minute) // the questions go on
		if got := i.visible(t, alice, private); got != 100 {
			t.Errorf("%d are visible", got)
		}
		if got := i.main.count(); got != "list×1 permission×100" {
			t.Errorf("calls: %s", got)
		}
	})
}

func TestALongListUsesOldAnswersAndRenewsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		private := i.many(100, true)
		for _, r := range private {
			i.main.permissions[r.FullName()+" alice"] = scm.PermissionRead
		}
		i.visible(t, alice, private)
		clear(i.main.permissions)
		time.Sleep(3 * time.Minute)
		if got := i.visible(t, alice, private); got != 100 {
			t.Errorf("at first %d are visible", got)
		}
		if got := i.visible(t, alice, private[:10]); got != 0 {
			t.Errorf("of a short list, which is asked for anew, %d are visible", got)
		}
		synctest.Wait()
		if got := i.visible(t, alice, private); got != 0 {
			t.Errorf("then %d are visible", got)
		}
		if got := i.main.count(); got != "list×1 permission×200" {
			t.Errorf("calls: %s", got)
		}
	})
}

func TestWhatAListLeavesOutIsAskedForOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		repos := i.many(10, false)
		i.main.archived["acme/r9"] = true
		people := []scm.Repo{repo("alice/a"), repo("alice/b"), repo("alice/c")}
		i.main.repos["bob/x"] = false
		if got := i.visible(t, nil, append(repos, append(people, repo("bob/x"))...)); got != 11 {
			t.Errorf("%d are visible", got)
		}
		if got := i.main.count(); got != "get×5 list×2" {
			t.Errorf("calls: %s", got)
		}
	})
}

func TestTheSameQuestionIsAskedOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		i.main.repos["acme/app"] = false
		i.main.takes = time.Second
		var all sync.WaitGroup
		impatient, leave := context.WithCancel(t.Context())
		all.Go(func() { // the first, who leaves, does not take the answer from the others
			if ok, err := i.MayRead(impatient, nil, repo("acme/app")); ok || err == nil {
				t.Errorf("may read is %v, %v", ok, err)
			}
		})
		synctest.Wait()
		for range 50 {
			all.Go(func() {
				if ok, err := i.MayRead(t.Context(), nil, repo("acme/app")); !ok || err != nil {
					t.Errorf("may read is %v, %v", ok, err)
				}
			})
		}
		synctest.Wait()
		leave()
		all.Wait()
		if got := i.main.count(); got != "get×1" {
			t.Errorf("calls: %s", got)
		}
	})
}

func TestAForgeThatHangsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		i.main.takes = time.Hour
		i.other.repos["acme/app"] = false
		repos := i.many(1000, false)
		_, err := i.Visible(t.Context(), nil, repos)
		if !errors.Is(err, scm.ErrTransient) {
			t.Errorf("error is %v", err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if i.main.asked["get"] > 16 {
			t.Errorf("a forge that is down was asked %d times", i.main.asked["get"])
		}
		if got := i.visible(t, nil, []scm.Repo{{Connection: "other", Org: "acme", Name: "app"}}); got != 1 {
			t.Error("one forge's trouble is another's")
		}
		i.main.set(func() { i.main.takes = 0 })
		time.Sleep(5 * time.Second)
		if got := i.visible(t, nil, repos); got != 1000 {
			t.Errorf("of a forge that is back, %d are visible", got)
		}
	})
}

func TestAListEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstall(nil)
		i.main.takes = time.Second
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := i.Visible(ctx, nil, i.many(10, false)); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		time.Sleep(time.Minute) // the questions go on
	})
}

func BenchmarkVisibleOfTwoThousand(b *testing.B) {
	i := newInstall(nil)
	private := i.many(2000, true)
	for _, r := range private {
		i.main.permissions[r.FullName()+" alice"] = scm.PermissionRead
	}
	b.ReportAllocs()
	for b.Loop() {
		if seen, err := i.Visible(b.Context(), alice, private); err != nil || len(seen) != 2000 {
			b.Fatalf("%d are visible, %v", len(seen), err)
		}
	}
}
