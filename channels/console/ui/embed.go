// Package ui holds the pages of the console, built from src by Vite and
// committed, so that the program builds without Node.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built pages: index.html and assets.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("console/ui: the built pages are not embedded: " + err.Error()) // cannot be: the compiler has seen them
	}
	return files
}
