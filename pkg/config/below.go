package config

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	gitignore "github.com/sabhiram/go-gitignore"
)

// Endings of supplemental files, which are Prow's.
const (
	defaultConfigSuffix = "_prowconfig.yaml"
	defaultPluginSuffix = "_pluginconfig.yaml"
)

// ignoreFile lists, as .gitignore does, what below its folder is no job file.
const ignoreFile = ".prowignore"

// part is a place where any number of files may be.
type part struct {
	root   string
	wanted func(name string) bool
	of     func(*snapshot) *[]input
}

// parts lists them, the jobs last.
func (p Paths) parts() []part {
	var all []part
	add := func(roots []string, suffix string, of func(*snapshot) *[]input) {
		for _, root := range roots {
			all = append(all, part{root, func(name string) bool { return strings.HasSuffix(name, suffix) }, of})
		}
	}
	add(p.SupplementalConfigs, cmp.Or(p.ConfigSuffix, defaultConfigSuffix), func(s *snapshot) *[]input { return &s.moreConfig })
	add(p.SupplementalPlugins, cmp.Or(p.PluginSuffix, defaultPluginSuffix), func(s *snapshot) *[]input { return &s.morePlugins })
	isJob := func(name string) bool {
		ext := filepath.Ext(name)
		return (ext == ".yaml" || ext == ".yml") && !p.supplemental(name)
	}
	return append(all, part{p.Jobs, isJob, func(s *snapshot) *[]input { return &s.jobs }})
}

// supplemental says that a file below the job folder is one of the others, which people keep side by side.
func (p Paths) supplemental(name string) bool {
	return len(p.SupplementalConfigs) > 0 && strings.HasSuffix(name, cmp.Or(p.ConfigSuffix, defaultConfigSuffix)) ||
		len(p.SupplementalPlugins) > 0 && strings.HasSuffix(name, cmp.Or(p.PluginSuffix, defaultPluginSuffix))
}

// filesBelow lists the wanted files at a path in a stable order: the file itself, or those below a folder that no .prowignore
// on the way excludes. Names that begin with ".." are what a mounted ConfigMap keeps its versions in.
func filesBelow(path string, wanted func(name string) bool) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	root, err := filepath.EvalSymlinks(path) // WalkDir does not enter a folder that is itself a link
	if err != nil {
		return nil, err
	}
	w := walk{root: root, rules: map[string]*gitignore.GitIgnore{}}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case name != root && w.skips(name, d):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			w.enter(name)
			return nil
		}
		if wanted(name) {
			w.names = append(w.names, path+strings.TrimPrefix(name, root))
		}
		return nil
	})
	return w.names, err
}

// walk is one look through a folder.
type walk struct {
	root  string
	rules map[string]*gitignore.GitIgnore // by folder
	names []string
}

// enter reads the rules of a folder. Rules that cannot be read exclude nothing.
func (w *walk) enter(folder string) {
	if data, err := os.ReadFile(filepath.Join(folder, ignoreFile)); err == nil {
		w.rules[folder] = gitignore.CompileIgnoreLines(strings.Split(string(data), "\n")...)
	}
}

// skips says that a name is a version folder of a ConfigMap, or ignored.
func (w *walk) skips(name string, d fs.DirEntry) bool {
	if strings.HasPrefix(d.Name(), "..") {
		return true
	}
	for folder := name; folder != w.root && len(w.rules) > 0; {
		folder = filepath.Dir(folder)
		if rules := w.rules[folder]; rules != nil {
			relative := strings.TrimPrefix(name, folder+"/")
			if rules.MatchesPath(relative) || d.IsDir() && rules.MatchesPath(relative+"/") {
				return true
			}
		}
	}
	return false
}
