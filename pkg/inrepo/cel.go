package inrepo

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/pharos-ci/pharos/pkg/job"
)

// Limits of one expression: its length in bytes, and what its evaluation may cost by CEL's own count.
const (
	maxExpression = 8 << 10
	maxCost       = 1_000_000
)

// celVariables are what an expression may ask about. body and headers, the forge's own payload, are empty: Pharos keeps
// one vocabulary for all forges.
var celVariables = []string{"event", "event_type", "target_branch", "source_branch", "target_url", "source_url", "event_title"}

// changesByKind asks git how each file changed; the forges only say which did.
type changesByKind func() (map[string][]string, error)

// celCondition compiles on-cel-expression.
func celCondition(e *Event, text string, kinds changesByKind) (job.Condition, error) {
	files := &celFiles{} // known only when the condition is asked
	program, err := celProgram(text, files)
	if err != nil {
		return nil, err
	}
	about := map[string]any{
		"event": e.kind(), "event_type": e.kind(), "target_branch": e.target(), "source_branch": short(e.sourceBranch()),
		"target_url": e.Link, "source_url": e.sourceURL(), "event_title": e.Title,
		"body": map[string]any{}, "headers": map[string]string{},
	}
	wantsKinds := fileKind.MatchString(text)
	wantsFiles := wantsKinds || strings.Contains(text, "pathChanged") || strings.Contains(text, "files")
	return func(changed func() ([]string, error)) (bool, string, error) {
		byKind := map[string][]string{}
		*files = celFiles{}
		var err error
		if wantsFiles {
			files.names, err = changed()
		}
		if wantsKinds && err == nil {
			byKind, err = kinds()
		}
		if files.unknown = errors.Is(err, job.ErrChangesUnknown); err != nil && !files.unknown {
			return false, "", err
		}
		byKind["all"] = files.names
		about["files"] = byKind
		return evaluate(program, about, files.unknown)
	}, nil
}

// celProgram makes an expression ready, within the limits.
func celProgram(text string, files *celFiles) (cel.Program, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxExpression)
	}
	options := []cel.EnvOption{
		cel.Variable("files", cel.MapType(cel.StringType, cel.ListType(cel.StringType))),
		cel.Variable("body", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)),
		cel.Function("pathChanged", cel.MemberOverload("string_path_changed", []*cel.Type{cel.StringType}, cel.BoolType,
			cel.UnaryBinding(files.pathChanged))),
	}
	for _, name := range celVariables {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("prepare expression: %w", err)
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("the expression does not compile: %s", firstLine(err.Error()))
	}
	if out := ast.OutputType(); out != cel.BoolType && out != cel.DynType {
		return nil, fmt.Errorf("the expression is a %s; want true or false", out)
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize, cel.OptPartialEval))
	if err != nil {
		return nil, fmt.Errorf("the expression cannot be evaluated: %w", err)
	}
	return program, nil
}

// fileKind finds the lists of files that only git knows.
var fileKind = regexp.MustCompile(`files\s*(\.|\[)\s*["']?(added|deleted|modified|renamed)`)

// evaluate answers [job.ErrChangesUnknown] only where the files would decide.
func evaluate(program cel.Program, about map[string]any, unknown bool) (bool, string, error) {
	var input any = about
	if unknown {
		partial, err := cel.PartialVars(about, cel.AttributePattern("files"))
		if err != nil {
			return false, "", fmt.Errorf("prepare expression: %w", err)
		}
		input = partial
	}
	out, _, err := program.Eval(input)
	switch {
	case err != nil:
		return false, "on-cel-expression cannot be evaluated: " + firstLine(err.Error()), nil
	case types.IsUnknown(out):
		return false, "", job.ErrChangesUnknown
	case out == types.True:
		return true, "on-cel-expression is true", nil
	}
	return false, "on-cel-expression is not true", nil
}

// celFiles answers "glob".pathChanged(). It belongs to one reading, which belongs to one event.
type celFiles struct {
	names   []string
	unknown bool
}

func (f *celFiles) pathChanged(pattern ref.Val) ref.Val {
	if f.unknown {
		return types.NewUnknown(1, types.NewAttributeTrail("files"))
	}
	text, ok := pattern.Value().(string)
	if !ok {
		return types.NewErr("pathChanged needs a pattern")
	}
	re, err := glob(text)
	if err != nil {
		return types.WrapErr(err)
	}
	for _, name := range f.names {
		if re.MatchString(name) {
			return types.True
		}
	}
	return types.False
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
