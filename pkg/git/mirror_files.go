package git

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// list names the files of a tree at the wanted paths. Links are left out: they could lead anywhere.
func (c *mirrorReader) list(ctx context.Context, tree string) ([]File, error) {
	out, err := c.git(ctx, append([]string{"ls-tree", "-r", "-z", "--full-tree", tree, "--"}, c.Paths...)...)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, entry := range lines(out, "\x00") {
		meta, path, _ := strings.Cut(entry, "\t")
		words := strings.Fields(meta) // mode, type, id
		if len(words) != 3 || (words[0] != "100644" && words[0] != "100755") {
			continue
		}
		files = append(files, File{Path: path, ID: words[2]})
	}
	if len(files) > MaxFiles {
		return nil, &LimitError{What: fmt.Sprintf("%s hold %d files; at most %d are read", strings.Join(c.Paths, ", "), len(files), MaxFiles)}
	}
	return files, nil
}

// contents fills in the data of files, fetching what is not here in one transfer.
func (c *mirrorReader) contents(ctx context.Context, files []File) error {
	if len(files) == 0 {
		return nil
	}
	ids := make([]string, len(files))
	for i, f := range files {
		ids[i] = f.ID
	}
	missing, err := c.missing(ctx, ids)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := c.transfer(ctx, missing...); err != nil {
			return err
		}
	}
	if err := c.sizes(ctx, ids, files); err != nil {
		return err
	}
	return c.load(ctx, files)
}

// missing are the contents that are not on disk yet.
func (c *mirrorReader) missing(ctx context.Context, ids []string) ([]string, error) {
	args := append([]string{"rev-list", "--no-walk", "--objects", "--missing=allow-any", "--ignore-missing"}, ids...)
	out, all, err := c.exec(ctx, nil, args)
	if err != nil {
		return nil, fmt.Errorf("rev-list: %w: %s", err, lastLine(all))
	}
	here := map[string]bool{}
	for _, line := range lines(out, "\n") {
		id, _, _ := strings.Cut(line, " ")
		here[id] = true
	}
	var missing []string
	for _, id := range ids {
		if !here[id] {
			missing, here[id] = append(missing, id), true // each once
		}
	}
	return missing, nil
}

func (c *mirrorReader) sizes(ctx context.Context, ids []string, files []File) error {
	out, err := c.feed(ctx, strings.Join(ids, "\n")+"\n", "cat-file", "--batch-check=%(objectsize)")
	if err != nil {
		return err
	}
	sizes := lines(string(out), "\n")
	if len(sizes) != len(files) {
		return fmt.Errorf("cat-file answers %d sizes for %d files", len(sizes), len(files))
	}
	var total int64
	for i := range files {
		if files[i].Size, err = strconv.ParseInt(sizes[i], 10, 64); err != nil {
			return fmt.Errorf("read size of %s: %w", files[i].Path, err)
		}
		if files[i].Size <= MaxFile {
			total += files[i].Size
		}
	}
	if total > maxBytes {
		return &LimitError{What: fmt.Sprintf("%s hold %d MiB; at most %d MiB are read", strings.Join(c.Paths, ", "), total>>20, maxBytes>>20)}
	}
	return nil
}

func (c *mirrorReader) load(ctx context.Context, files []File) error {
	var order bytes.Buffer
	for _, f := range files {
		if f.Size <= MaxFile {
			order.WriteString(f.ID + "\n")
		}
	}
	out, err := c.feed(ctx, order.String(), "cat-file", "--batch")
	if err != nil {
		return err
	}
	answers := bufio.NewReader(bytes.NewReader(out))
	for i := range files {
		if files[i].Size > MaxFile {
			continue
		}
		if _, err := answers.ReadString('\n'); err != nil { // its header: id, type, size
			return fmt.Errorf("read %s: %w", files[i].Path, err)
		}
		files[i].Data = make([]byte, files[i].Size)
		if _, err := io.ReadFull(answers, files[i].Data); err != nil {
			return fmt.Errorf("read %s: %w", files[i].Path, err)
		}
		if _, err := answers.Discard(1); err != nil {
			return fmt.Errorf("read %s: %w", files[i].Path, err)
		}
	}
	return nil
}

// feed runs one command with input and returns its output.
func (c *mirrorReader) feed(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append(c.globalArgs(), args...)...)
	cmd.Dir, cmd.Env = c.runner.dir, append(c.environ(), c.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var out, messages bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &messages
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", args[0], err, lastLine(c.remote.redact(messages.String())))
	}
	return out.Bytes(), nil
}
