package inrepo

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

const defaultHub = "https://artifacthub.io"

var hubName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,100}$`)

// hubVersion is what catalogs name their versions; Artifact Hub completes them to three numbers.
var hubVersion = regexp.MustCompile(`^\d+(\.\d+){0,2}$`)

// hubFile reads a task or pipeline of the Tekton catalog by "name" or "name:version".
func (g *reading) hubFile(ctx context.Context, kind, reference string) ([]byte, error) {
	name, version, _ := strings.Cut(reference, ":")
	if !hubName.MatchString(name) || (version != "" && !hubVersion.MatchString(version)) {
		return nil, fmt.Errorf("%q is neither an address, a file of the repository nor a name of the Tekton catalog", reference)
	}
	hub := g.HubURL
	if hub == "" {
		hub = defaultHub
	}
	address := fmt.Sprintf("%s/api/v1/packages/tekton-%s/tekton-catalog-%ss/%s", strings.TrimRight(hub, "/"), kind, kind, name)
	if version != "" {
		address += "/" + version + strings.Repeat(".0", 2-strings.Count(version, "."))
	}
	data, err := g.remoteFile(ctx, address)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			ManifestRaw string `json:"manifestRaw"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("read %s of the catalog: %w", reference, err)
	}
	if answer.Data.ManifestRaw == "" {
		return nil, fmt.Errorf("the catalog has no %s %s", kind, reference)
	}
	return []byte(answer.Data.ManifestRaw), nil
}
