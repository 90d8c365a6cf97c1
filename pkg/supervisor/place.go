package supervisor

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Place copies the running program to a path, executable by everyone, so that containers of other images can run it from a
// volume. The path holds the whole program or nothing.
func Place(path string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	from, err := os.Open(self)
	if err != nil {
		return fmt.Errorf("place the program: %w", err)
	}
	defer from.Close()
	to, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return fmt.Errorf("place the program: %w", err)
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Chmod(0o755), to.Close()); err != nil {
		return fmt.Errorf("place the program at %s: %w", path, err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("place the program: %w", err)
	}
	return nil
}
