// Package config reads the configuration files into one immutable [Config], and keeps it current.
//
// [Load] takes the paths of config.yaml, of the job files and of plugins.yaml, and answers with a Config or with [Errors]:
// every finding of every file, each with file, line and column. A [Watcher] loads again when a file changes and keeps the
// last good Config when the new one is bad. Prow's and Lighthouse's files are read as they are; what later features will act
// on is kept undecoded. Pharos's own stanzas are connections and storage, and those are always read strictly.
package config
