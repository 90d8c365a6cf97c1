package storage

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Extended attributes of a file.
const (
	typeAttribute     = "user.mime_type" // freedesktop.org's name for it
	encodingAttribute = "user.pharos.encoding"
	uploadAttribute   = "user.pharos.upload" // the ID of the upload that made the object
)

// attributes are values by name; empty ones are not kept.
type attributes map[string]string

// set writes the attributes. Where the file system has none, only an encoding is missed enough to fail.
func (a attributes) set(f *os.File) error {
	for name, value := range a {
		if value == "" {
			continue
		}
		err := control(f, func(fd int) error { return unix.Fsetxattr(fd, name, []byte(value), 0) })
		switch {
		case errors.Is(err, unix.ENOTSUP) && name == encodingAttribute:
			return fmt.Errorf("%w: the file system keeps no user attributes, where the content encoding %s belongs; "+
				"use ext4, XFS, Btrfs or ZFS, or store without compression", err, value)
		case errors.Is(err, unix.ENOTSUP):
		case err != nil:
			return fmt.Errorf("set attribute %s: %w", name, err)
		}
	}
	return nil
}

// attribute is empty when the file has none of that name.
func attribute(f *os.File, name string) (string, error) {
	value := make([]byte, maxDescription)
	var n int
	err := control(f, func(fd int) (err error) {
		n, err = unix.Fgetxattr(fd, name, value)
		return err
	})
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("get attribute %s: %w", name, err)
	}
	return string(value[:n]), nil
}

func control(f *os.File, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	if err := conn.Control(func(fd uintptr) { result = call(int(fd)) }); err != nil {
		return err
	}
	return result
}
