package component

import "testing"

func TestProgressCountsPackagesAndKeepsMessages(t *testing.T) {
	n := 0
	w := &countLines{count: func() { n++ }}
	for _, chunk := range []string{"k8s.io/api/core/v1\nk8s.io/", "client-go/rest\n# x\n", "./a.go:1:2: undefined: b\nfmt\n"} {
		if _, err := w.Write([]byte(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if n != 3 {
		t.Errorf("counted %d packages, want 3", n)
	}
	if got, want := w.text.String(), "# x\n./a.go:1:2: undefined: b\n"; got != want {
		t.Errorf("messages = %q, want %q", got, want)
	}
}
