package vendors_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var bitbucketCorrections = []func(*openapi3.T){
	untyped, slashed, toldCommits, bitbucketListings, bitbucketRefusals, bitbucketErrors, shownBodies, plainFiles, newerWords, newerFields, nulls, named,
}

func bitbucketOperations(doc *openapi3.T, do func(*openapi3.Operation)) {
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			do(operation)
		}
	}
}

// untyped lets bodies do without "type", which the document demands of all that is sent, and the vendor of nothing.
func untyped(doc *openapi3.T) {
	for _, schema := range doc.Components.Schemas {
		schema.Value.Required = slices.DeleteFunc(schema.Value.Required, func(name string) bool { return name == "type" })
	}
}

// slashed lets names of branches and paths of files hold slashes, which the vendor takes as they are.
func slashed(doc *openapi3.T) {
	for _, path := range slices.Collect(maps.Keys(doc.Paths.Map())) {
		for _, end := range []string{"/refs/branches/{name}", "/src/{commit}/{path}", "/diffstat/{spec}"} {
			if strings.HasSuffix(path, end) {
				item := doc.Paths.Value(path)
				doc.Paths.Delete(path)
				doc.Paths.Set(strings.TrimSuffix(path, "}")+":.+}", item)
			}
		}
	}
}

// toldCommits are a listing, which the document says in words only.
func toldCommits(doc *openapi3.T) {
	list := doc.Paths.Value("/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/commits").Get
	list.Responses.Value("200").Value.WithJSONSchemaRef(openapi3.NewSchemaRef("#/components/schemas/paginated_changeset", doc.Components.Schemas["paginated_changeset"].Value))
}

// bitbucketListings have parameters that the documentation tells of once for all operations, or of some in words only.
func bitbucketListings(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		if item.Get == nil {
			continue
		}
		have := []string{"fields"}
		if answer := item.Get.Responses.Value("200"); answer != nil && answer.Value.Content != nil {
			if strings.Contains(answer.Value.Content.Get("application/json").Schema.Ref, "paginated_") {
				have = append(have, "page", "pagelen")
			}
		}
		if strings.Contains(item.Get.Description, "filtering and sorting") {
			have = append(have, "q", "sort")
		}
		for _, name := range have {
			if item.Get.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
				item.Get.AddParameter(openapi3.NewQueryParameter(name).WithSchema(openapi3.NewStringSchema()))
			}
		}
	}
}

// bitbucketRefusals lets every call be refused, which the document says of some operations, and of some without a body.
func bitbucketRefusals(doc *openapi3.T) {
	refused := openapi3.NewResponse().WithDescription("refused").WithJSONSchemaRef(doc.Components.Schemas["error"])
	bitbucketOperations(doc, func(operation *openapi3.Operation) {
		for _, status := range []string{"400", "401", "403", "404", "409"} {
			if known := operation.Responses.Value(status); known == nil || known.Value.Content == nil {
				operation.Responses.Set(status, &openapi3.ResponseRef{Value: refused})
			}
		}
	})
}

// bitbucketErrors tell which fields of a request are wrong, as the documentation of errors says and the document does not.
func bitbucketErrors(doc *openapi3.T) {
	texts := openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema())
	doc.Components.Schemas["error"].Value.Properties["error"].Value.WithProperty("fields", openapi3.NewObjectSchema().WithAdditionalProperties(texts))
}

// shownBodies are bodies of requests that the document shows in examples only.
func shownBodies(doc *openapi3.T) {
	const repository = "/repositories/{workspace}/{repo_slug}"
	for schema, operations := range map[string][]*openapi3.Operation{
		"webhook_subscription": {
			doc.Paths.Value(repository + "/hooks").Post, doc.Paths.Value(repository + "/hooks/{uid}").Put,
			doc.Paths.Value("/workspaces/{workspace}/hooks").Post, doc.Paths.Value("/workspaces/{workspace}/hooks/{uid}").Put,
		},
		"issue": {doc.Paths.Value(repository + "/issues/{issue_id}").Put},
	} {
		for _, operation := range operations {
			body := openapi3.NewRequestBody().WithRequired(true).WithJSONSchemaRef(doc.Components.Schemas[schema])
			operation.RequestBody = &openapi3.RequestBodyRef{Value: body}
		}
	}
}

// plainFiles are answered as they are, and so is what is known of a file or a folder, which the document says in words only.
func plainFiles(doc *openapi3.T) {
	content := doc.Paths.Value("/repositories/{workspace}/{repo_slug}/src/{commit}/{path:.+}").Get.Responses.Value("200").Value.Content
	content["text/plain"] = openapi3.NewMediaType()
	either := openapi3.SchemaRefs{content["application/json"].Schema, doc.Components.Schemas["treeentry"]}
	content["application/json"].Schema = openapi3.NewSchemaRef("", &openapi3.Schema{AnyOf: either})
}

// newerWords are choices that came after the document.
func newerWords(doc *openapi3.T) {
	events := bitbucketField(doc, "webhook_subscription", "events").Value.Items.Value
	events.Enum = append(events.Enum, "pullrequest:push", "pullrequest:comment_resolved", "pullrequest:comment_reopened")
	branch := bitbucketField(doc, "pullrequest_endpoint", "branch").Value.Properties["merge_strategies"].Value.Items.Value
	for _, strategy := range []*openapi3.Schema{
		branch, bitbucketField(doc, "branch", "merge_strategies").Value.Items.Value, bitbucketField(doc, "pullrequest_merge_parameters", "merge_strategy").Value,
	} {
		strategy.Enum = append(strategy.Enum, "squash_fast_forward", "rebase_fast_forward", "rebase_merge")
	}
}

// newerFields came after the document, or are in its prose only.
func newerFields(doc *openapi3.T) {
	pull, hook := doc.Components.Schemas["pullrequest"].Value, doc.Components.Schemas["webhook_subscription"].Value
	pull.WithProperty("draft", openapi3.NewBoolSchema()).WithProperty("description", openapi3.NewStringSchema())
	hook.WithProperty("secret", openapi3.NewStringSchema()).WithProperty("secret_set", openapi3.NewBoolSchema())
}

// nulls are fields that the vendor answers with null; the document's first form, of Swagger 2, had no word for it.
func nulls(doc *openapi3.T) {
	for schema, fields := range map[string][]string{
		"pullrequest": {"closed_by", "merge_commit"}, "pullrequest_endpoint": {"repository"}, "participant": {"state", "participated_on"},
		"issue": {"assignee", "component", "milestone", "version", "edited_on"}, "diffstat": {"old", "new"}, "repository": {"parent"},
		"commitstatus": {"refname"},
	} {
		for _, name := range fields {
			field := bitbucketField(doc, schema, name)
			null := openapi3.NewSchemaRef("", openapi3.NewSchema().WithNullable().WithEnum(nil))
			*field = openapi3.SchemaRef{Value: &openapi3.Schema{Nullable: true, AnyOf: openapi3.SchemaRefs{{Ref: field.Ref, Value: field.Value}, null}}}
		}
	}
}

// bitbucketField finds a field of a schema or of what it is made of.
func bitbucketField(doc *openapi3.T, schema, name string) *openapi3.SchemaRef {
	whole := doc.Components.Schemas[schema]
	for _, part := range append(whole.Value.AllOf, whole) {
		if field := part.Value.Properties[name]; field != nil {
			return field
		}
	}
	panic(schema + " has no " + name) // the document is of one version
}
