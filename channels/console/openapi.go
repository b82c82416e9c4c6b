package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"faqbot/bot/staff"
)

const schemas = "#/components/schemas/"

// What requests are secured with, as the description calls it.
const (
	sessionScheme = "session"
	csrfScheme    = "csrf"
)

// newAPI returns an API without operations. It shows nothing about itself: the
// description is a file beside the sources.
func newAPI(mux *http.ServeMux) huma.API {
	registry := huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[staff.Role](), reflect.TypeFor[roleSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[staff.Right](), reflect.TypeFor[rightSchema]())
	return humago.NewWithPrefix(mux, apiPrefix, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: "faqbot console", Version: "1"},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: securitySchemes()},
		},
		// "json" is what stands behind the plus of application/problem+json.
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{plain},
	})
}

// roleSchema and rightSchema describe the names that there are.
type (
	roleSchema  struct{}
	rightSchema struct{}
)

// Schema implements huma.SchemaProvider.
func (roleSchema) Schema(huma.Registry) *huma.Schema { return enum(staff.Roles()) }

// Schema implements huma.SchemaProvider.
func (rightSchema) Schema(huma.Registry) *huma.Schema { return enum(staff.Rights()) }

func enum[S ~string](names []S) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, name := range names {
		s.Enum = append(s.Enum, string(name))
	}
	s.PrecomputeMessages()
	return s
}

func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		sessionScheme: {Type: "apiKey", In: "cookie", Name: secureCookie, Description: "登录的会话；没有 https 时叫 " + plainCookie},
		csrfScheme:    {Type: "apiKey", In: "header", Name: csrfHeader, Description: "Me 里的 csrf"},
	}
}

// failures describes the answers that are no success.
func failures(api huma.API) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	return map[string]*huma.Response{"default": {
		Description: "出错了",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}}
}

// tidySchemas drops the failures of huma, which are never sent.
func tidySchemas(api huma.API) {
	all := api.OpenAPI().Components.Schemas.Map()
	delete(all, "ErrorModel")
	delete(all, "ErrorDetail")
}

// OpenAPI describes the API, as OpenAPI 3.1 in JSON. The types of the pages are
// made from it.
func (c *Console) OpenAPI() ([]byte, error) {
	text, err := json.Marshal(c.api.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
