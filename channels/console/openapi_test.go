package console_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"testing/fstest"

	"go.uber.org/zap"

	"faqbot/channels/console"
)

var update = flag.Bool("update", false, "write ui/openapi.json from the Go types")

// TestOpenAPI keeps the file that the types of the pages are made from as the Go
// types are: go test ./channels/console -run TestOpenAPI -update, and npm run api.
func TestOpenAPI(t *testing.T) {
	c, err := console.New(console.Config{Staff: newFake(), Files: fstest.MapFS{"index.html": {}}}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	const name = "ui/openapi.json"
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the Go types give: go test ./channels/console -run TestOpenAPI -update, then npm run api in ui", name)
	}
}
