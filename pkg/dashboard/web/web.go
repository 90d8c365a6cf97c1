// Package web holds the dashboard's pages: a React application that npm builds into dist, which the binary embeds. It
// serves nothing itself.
package web

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var files embed.FS

// Dist is the built application: index.html, assets/ with names that change with their content, and static/ with names
// that stay. It is false for a binary that was built without it, by go build before npm run build.
func Dist() (fs.FS, bool) {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		panic(fmt.Sprintf("embedded pages: %v", err)) // the name above is wrong
	}
	_, err = fs.Stat(dist, "index.html")
	return dist, err == nil
}
