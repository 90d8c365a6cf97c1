// Package plugins holds the features: one file per plugin (or a few with its name in front) and [All], the list of them.
// A plugin decides by what chatops hands it and acts through scm roles and the small interfaces below; it never reads
// configuration files and never waits.
package plugins
