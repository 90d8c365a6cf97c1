package node

import "testing"

func TestMountPoint(t *testing.T) {
	for name, tc := range map[string]struct{ line, want string }{
		"a plain path":         {"36 35 98:0 / /mnt/a rw - ext4 /dev/vda rw", "/mnt/a"},
		"a path with a space":  {`36 35 98:0 / /mnt/a\040b rw - tmpfs tmpfs rw`, "/mnt/a b"},
		"a line of other kind": {"36 35", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := mountPoint(tc.line)
			if got != tc.want || ok != (tc.want != "") {
				t.Errorf("mountPoint = %q, %v, want %q", got, ok, tc.want)
			}
		})
	}
}
