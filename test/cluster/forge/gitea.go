// Package forge runs a real Gitea for an instance, with one administrator and nothing else in it.
package forge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// Part is the name of Gitea's process.
const Part = "gitea"

const (
	adminUser = "pharos-admin"
	// tokenSecret is stored last of all, so its presence says that set-up was completed.
	tokenSecret    = "gitea-token"
	passwordSecret = "gitea-password"
)

// Gitea is one Gitea server; Bin holds the program and its templates.
type Gitea struct {
	In  *instance.Instance
	Bin string
}

// Start sets Gitea up on first use, runs it and waits until it is healthy.
func (g Gitea) Start(ctx context.Context) error {
	addr, err := g.In.Address(Part)
	if err != nil {
		return err
	}
	if g.In.KnownSecret(tokenSecret) == "" {
		if err := g.setUp(ctx, addr); err != nil {
			return fmt.Errorf("set up: %w", err)
		}
	}
	_, err = g.In.Start(process.Spec{
		Name: Part,
		Argv: []string{g.program(), "web", "--config", g.path("app.ini")},
		Env:  g.env(),
		Dir:  g.path(),
		User: runUser(),
	})
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second}
	return g.In.AwaitReady(ctx, Part, 2*time.Minute, instance.ProbeHTTP(client, "http://"+addr+"/api/healthz"))
}

// Describe tells how to use the server; nil when this instance has none.
func Describe(in *instance.Instance) (*state.Gitea, error) {
	token := in.KnownSecret(tokenSecret)
	if token == "" {
		return nil, nil
	}
	addr, err := in.Address(Part)
	if err != nil {
		return nil, err
	}
	return &state.Gitea{
		URL:           "http://" + addr,
		AdminUser:     adminUser,
		AdminPassword: in.KnownSecret(passwordSecret),
		AdminToken:    token,
	}, nil
}

// setUp begins from nothing, as an earlier try may have stopped half way.
func (g Gitea) setUp(ctx context.Context, addr string) error {
	if err := os.RemoveAll(g.path()); err != nil {
		return fmt.Errorf("clear data: %w", err)
	}
	for _, dir := range []string{"bin", "data", "home", "repos", "static", "custom"} {
		if err := os.MkdirAll(g.path(dir), 0o755); err != nil {
			return fmt.Errorf("create data folder: %w", err)
		}
	}
	if err := g.copyProgram(); err != nil {
		return err
	}
	// The build cache is closed to other users, so Gitea gets its templates here.
	for _, dir := range []string{"templates", "options", "public"} {
		if err := os.CopyFS(g.path("static", dir), os.DirFS(filepath.Join(g.Bin, dir))); err != nil {
			return fmt.Errorf("copy %s: %w", dir, err)
		}
	}
	keys := map[string]string{"secretKey": "", "internalToken": "INTERNAL_TOKEN", "jwtSecret": "JWT_SECRET"}
	for key, kind := range keys {
		value, err := g.drawKey(ctx, kind)
		if err != nil {
			return err
		}
		keys[key] = value
	}
	if err := os.WriteFile(g.path("app.ini"), []byte(g.config(addr, keys)), 0o600); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	if err := g.giveAway(); err != nil {
		return err
	}
	return g.seed(ctx)
}

func (g Gitea) drawKey(ctx context.Context, kind string) (string, error) {
	if kind == "" {
		return instance.RandomSecret()
	}
	return g.run(ctx, "generate", "secret", kind)
}

func (g Gitea) seed(ctx context.Context) error {
	if _, err := g.run(ctx, "migrate", "--config", g.path("app.ini")); err != nil {
		return err
	}
	password, err := g.In.Secret(passwordSecret, instance.RandomSecret)
	if err != nil {
		return err
	}
	_, err = g.run(ctx, "admin", "user", "create", "--config", g.path("app.ini"), "--admin", "--username", adminUser,
		"--password", password, "--email", adminUser+"@localhost.test", "--must-change-password=false")
	if err != nil {
		return err
	}
	_, err = g.In.Secret(tokenSecret, func() (string, error) {
		return g.run(ctx, "admin", "user", "generate-access-token", "--config", g.path("app.ini"), "--username", adminUser,
			"--token-name", "cluster", "--scopes", "all", "--raw")
	})
	return err
}

// run calls the program in the foreground and returns the last line it prints.
func (g Gitea) run(ctx context.Context, args ...string) (string, error) {
	cmd := process.Command(ctx, runUser(), append([]string{g.program()}, args...)...)
	cmd.Env = append(append(os.Environ(), g.In.Mark()), g.env()...)
	cmd.Dir = g.path()
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("run gitea %s: %w\n%s", strings.Join(args[:min(2, len(args))], " "), err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1]), nil
}

func (g Gitea) path(names ...string) string {
	return g.In.Path(append([]string{"gitea"}, names...)...)
}

func (g Gitea) program() string { return g.path("bin", "gitea") }

func (g Gitea) env() []string {
	return []string{"USER=" + userName(), "HOME=" + g.path("home"), "GITEA_WORK_DIR=" + g.path("data"), "GITEA_CUSTOM=" + g.path("custom")}
}

// copyProgram puts the program where its user may reach it; the build cache lies in a closed home folder. A hard link costs nothing.
func (g Gitea) copyProgram() error {
	source := filepath.Join(g.Bin, "gitea")
	if os.Link(source, g.program()) == nil {
		return nil
	}
	in, err := os.Open(source)
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	defer func() { _ = in.Close() }() // only read
	out, err := os.OpenFile(g.program(), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	return nil
}

// giveAway hands all data to the run user and checks that the user can get there. The program stays as it is: it may be a hard link
// into the build cache.
func (g Gitea) giveAway() error {
	user := runUser()
	if user == nil {
		return nil
	}
	for dir := g.In.Root; dir != "/"; dir = filepath.Dir(dir) {
		var st unix.Stat_t
		if err := unix.Stat(dir, &st); err != nil {
			return fmt.Errorf("check folder %s: %w", dir, err)
		}
		if st.Mode&0o001 == 0 {
			return fmt.Errorf("check folder %s: user %s, who runs Gitea, cannot pass through it; choose another root", dir, userName())
		}
	}
	return filepath.WalkDir(g.path(), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("hand over Gitea's data: %w", err)
		}
		if path == g.program() {
			return nil
		}
		if err := os.Lchown(path, int(user.UID), int(user.GID)); err != nil {
			return fmt.Errorf("hand over Gitea's data: %w", err)
		}
		return nil
	})
}

// runUser is who runs Gitea, which refuses to run as root: nobody, or nil for the current user when that is not root.
func runUser() *process.User {
	if os.Geteuid() != 0 {
		return nil
	}
	return &process.User{UID: 65534, GID: 65534}
}
