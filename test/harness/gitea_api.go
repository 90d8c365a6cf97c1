package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// call uses Gitea's API with the rights of a user, where the SDK lacks a method or an option.
func (g *Gitea) call(as, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, g.URL+"/api/v1/"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "token "+g.token)
	req.Header.Set("Content-Type", "application/json")
	if as != "" {
		req.Header.Set("Sudo", as)
	}
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode > 299 {
		return fmt.Errorf("%s %s as %s: status %d: %s", method, path, as, res.StatusCode, data)
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, out)
}

// push moves or makes a ref, or deletes it if sha is empty, by git.
func (g *Gitea) push(fullName, ref, sha string) error {
	dir, err := os.MkdirTemp("", "harness-push")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	address := strings.Replace(g.URL, "://", "://"+g.user+":"+g.token+"@", 1) + "/" + fullName + ".git"
	for _, args := range [][]string{{"clone", "-q", "--mirror", address, dir}, {"push", "-q", "--force", address, sha + ":" + ref}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, strings.ReplaceAll(string(out), g.token, "***"))
		}
	}
	return nil
}
